"""Order: which of several sources counts where they say different things of one model."""

from collections.abc import Sequence
from dataclasses import replace

from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.changes.claiming import claim
from callsheet.domain.errors import DoesNotExistError, InvalidError
from callsheet.domain.sources.source import SourceRecord
from callsheet.service.sync.config import read_config
from callsheet.storage.transactions.read import ReadTransaction


def order_of(reading: ReadTransaction, source: SourceRecord, other: str) -> Sequence[AnyChange]:
    """Return what changes if ``source`` is put right before ``other``, so that its claims outrank those of that.

    Raises
    ------
    DoesNotExistError
        There is no source ``other``.
    InvalidError
        It is the same source, or one of the two is an enrichment, which every source outranks.
    """
    records = [source if each.name == source.name else each for each in reading.sources()]
    _check(records, source, other)
    places = [each for each in records if each.name != source.name]
    places.insert(next(number for number, each in enumerate(places) if each.name == other), source)
    moved = [
        (before, replace(before, position=position))
        for position, before in enumerate(places, 1)
        if before.position != position
    ]
    positions = {each.name: position for position, each in enumerate(places, 1)}
    managers = [read_config(before.config).manager(before.name) for before, _ in moved]
    claims = [each for manager in managers for each in reading.claims_by(manager)]
    return [
        *(Change(Action.CHANGE, before, after) for before, after in moved),
        *claim(reading, claims, positions=positions),
    ]


def _check(records: Sequence[SourceRecord], source: SourceRecord, other: str) -> None:
    found = next((each for each in records if each.name == other), None)
    if found is None:
        raise DoesNotExistError(f"There is no source {other!r} to put {source.name} before.")
    if found.name == source.name:
        raise InvalidError(f"{other} cannot be put before itself.")
    if read_config(found.config).is_enrichment is not read_config(source.config).is_enrichment:
        raise InvalidError("A source outranks every enrichment, so one cannot be put before the other.")
