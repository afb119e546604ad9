"""Lookup: the workspace or the key that a name or an id means."""

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from operator import attrgetter

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.key_names import meant_by, unknown_key
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action
from callsheet.domain.changes.reader import AccessReader
from callsheet.domain.errors import DoesNotExistError


def find_workspace(reader: AccessReader, name: str) -> Workspace:
    """Return the workspace with this id, or the one of this name that is not archived.

    Raises
    ------
    DoesNotExistError
        There is none.
    """
    found = next(iter(reader.workspaces([name])), None)
    if found is not None:
        return found
    for workspace in reader.workspaces_named(name):
        if workspace.archived_at is None:
            return workspace
    known = {workspace.name for workspace in reader.workspaces() if workspace.archived_at is None}
    close = get_close_matches(name, known, 1)
    raise DoesNotExistError(f"There is no workspace {name!r}{f'; did you mean {close[0]!r}?' if close else '.'}")


def find_key(reader: AccessReader, name: str, now: datetime) -> APIKey:
    """Return the key with this id, or the one that this name means.

    Raises
    ------
    DoesNotExistError
        There is none, or only archived ones have this name.
    ConflictError
        More than one have this name.
    """
    found = next(iter(reader.api_keys([name])), None)
    if found is not None:
        return found
    named = reader.api_keys_named(name)
    meant = meant_by(name, named, now, replaced_keys(reader, named, now))
    if meant is None:
        present = (key.name for key in reader.api_keys() if key.status is not KeyStatus.ARCHIVED)
        raise unknown_key(name, present)
    return meant


def replaced_keys(reader: AccessReader, keys: Iterable[APIKey], now: datetime) -> set[str]:
    """Return the ids of those of ``keys`` that were rotated, have not been renamed since, and still work on."""
    ending = [
        key.id
        for key in keys
        if key.status is not KeyStatus.ARCHIVED and key.expires_at is not None and not key.is_expired(now)
    ]
    replaced: set[str] = set()
    for record in sorted(reader.changes_of(ending), key=attrgetter("number")):
        if record.action == Action.ROTATE:
            replaced.add(record.subject)
        elif all(sides := record.sides) and sides[0].get("name") != sides[1].get("name"):
            replaced.discard(record.subject)
    return replaced
