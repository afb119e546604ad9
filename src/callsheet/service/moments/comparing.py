"""Comparing: what is other at one moment than at another, and who changed it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Subject
from callsheet.domain.history.difference import Difference, differences
from callsheet.domain.history.moment import AsOf, Moment
from callsheet.service.moments.locating import Located, locate
from callsheet.service.moments.reading import MomentReading
from callsheet.service.moments.store import found_at
from callsheet.storage.transactions.read import ReadTransaction

_LAST: Final = 2**62  # above the number of every change record


class Compared(NamedTuple):
    """Two moments, and what is other at the second."""

    first: AsOf
    second: AsOf
    differences: list[Difference]

    def record(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        return {
            "from": self.first.record(),
            "to": self.second.record(),
            "differences": [each.record() for each in self.differences],
        }


class _Side(NamedTuple):
    reading: MomentReading
    until: int


def compare_moments(present: ReadTransaction, first: Moment, second: Moment, now: datetime) -> Compared:
    """Return what of models, aliases, workspaces, keys and sources is other at ``second`` than at ``first``.

    Parameters
    ----------
    present, now
        A transaction, and the time (aware).
    first, second
        The moments, in any order.

    Raises
    ------
    DoesNotExistError, ConflictError, StorageError
        As for `locate`.
    """
    located = [locate(present, each, now) for each in (first, second)]
    sides = [_side(present, each) for each in located]
    found = [each for kind in _RECORDS for each in _differences(present, kind, *sides)]
    return Compared(located[0].as_of, located[1].as_of, found)


def _side(present: ReadTransaction, located: Located) -> _Side:
    until = _LAST if located.position is None else located.position.number
    return _Side(found_at(present, located).reading, until)


def _differences(present: ReadTransaction, kind: Subject, first: _Side, second: _Side) -> Iterator[Difference]:
    after, until = sorted((first.until, second.until))
    subjects = set(present.changed_subjects(kind, after, until))
    subjects |= {each for side in (first, second) for each in side.reading.turned(kind)}
    was, will = (_RECORDS[kind](side.reading, subjects) for side in (first, second))
    found = list(differences(kind, was, will))
    names = [each.subject for each in found]
    last = {each.subject: each for each in present.last_records(kind, after, until, names)}
    return (each._replace(last=last.get(each.subject)) for each in found)


def _aliases(reading: MomentReading, names: Iterable[str]) -> Mapping[str, Mapping[str, Any]]:
    return {alias: Alias(alias, target).record() for alias, target in reading.aliases(names).items()}


_RECORDS: Final[Mapping[Subject, Callable[[MomentReading, Iterable[str]], Mapping[str, Mapping[str, Any]]]]] = {
    Subject.MODEL: lambda reading, ids: {each.id: each.record() for each in reading.models(ids)},
    Subject.ALIAS: _aliases,
    Subject.WORKSPACE: lambda reading, ids: {each.id: each.record() for each in reading.workspaces(ids)},
    Subject.KEY: lambda reading, ids: {each.id: each.record() for each in reading.api_keys(ids)},
    Subject.SOURCE: lambda reading, names: {each.name: each.record() for each in reading.sources(names)},
}
