"""Checking: what of a file cannot be known to be wrong from the file alone."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from callsheet.domain.claims.resolve import model_of
from callsheet.domain.edits import LIFECYCLE_FIELDS, check_dates
from callsheet.domain.errors import InvalidError, ManifestError
from callsheet.domain.faults import FileFault
from callsheet.domain.manifest import Entry, Manifest
from callsheet.service.sync.config import read_config


def checked(manifest: Manifest, now: datetime) -> Manifest:
    """Return ``manifest`` with the configurations of its sources as they are stored.

    Raises
    ------
    ManifestError
        A source is not configured rightly, or a date cannot be true at ``now`` (aware).
    """
    faults = list(_untrue_dates(manifest, now))
    sources: list[Entry] = []
    for entry in manifest.sources or ():
        try:
            sources.append(replace(entry, fields=read_config(entry.fields).record()))
        except InvalidError as error:
            faults.append(FileFault(entry.place, f"source {entry.subject}", "", str(error).rstrip(".")))
    if faults:
        raise ManifestError(sorted(faults))
    return manifest if manifest.sources is None else replace(manifest, sources=tuple(sources))


def _untrue_dates(manifest: Manifest, now: datetime) -> Iterator[FileFault]:
    for entry in manifest.models or ():
        if entry.fields.keys() & set(LIFECYCLE_FIELDS):
            try:
                check_dates(model_of(entry.subject, entry.fields), now)
            except InvalidError as error:
                yield FileFault(entry.place, f"model {entry.subject}", "", str(error).rstrip("."))
