"""Comparing: what is other at one moment than at another, and who changed it."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Subject
from callsheet.domain.history.difference import Difference, differences
from callsheet.domain.history.moment import AsOf, Moment
from callsheet.service.moments.locating import Located, locate
from callsheet.service.moments.reading import MomentReading
from callsheet.service.moments.store import found_at
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.read_history import MAX_SHORT_RECORDS

_LAST: Final = 2**62  # above the number of every change record

#: Things that are looked at together.
_SUBJECT_BATCH_SIZE: Final = 500


class Compared(NamedTuple):
    """Two moments, and what is other at the second; ``has_more`` if that is not all of it."""

    first: AsOf
    second: AsOf
    differences: list[Difference]
    has_more: bool = False

    def record(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        return {
            "from": self.first.record(),
            "to": self.second.record(),
            "differences": [each.record() for each in self.differences],
        }


class DifferencesCut(NamedTuple):
    """Which differences are wanted: they come by kind, in the order of `COMPARED`, and by id.

    Parameters
    ----------
    limit
        How many at most; None for all.
    kind
        Only those of this kind; None for all.
    after
        The kind and the id of the one before the first; None to begin with the first.
    """

    limit: int | None = None
    kind: Subject | None = None
    after: tuple[Subject, str] | None = None


EVERYTHING: Final = DifferencesCut()


class _Side(NamedTuple):
    reading: MomentReading
    until: int


def compare_moments(
    present: ReadTransaction, first: Moment, second: Moment, now: datetime, cut: DifferencesCut = EVERYTHING
) -> Compared:
    """Return what of models, aliases, workspaces, keys and sources is other at ``second`` than at ``first``.

    Parameters
    ----------
    present, now
        A transaction, and the time (aware).
    first, second
        The moments, in any order.
    cut
        Which part of the differences is wanted.

    Raises
    ------
    DoesNotExistError, ConflictError, StorageError
        As for `locate`.
    """
    located = [locate(present, each, now) for each in (first, second)]
    sides = [_side(present, each) for each in located]
    kinds = [each for each in COMPARED if cut.kind in (None, each)]
    if cut.after is not None and cut.after[0] in kinds:
        kinds = kinds[kinds.index(cut.after[0]) :]
    every = (each for kind in kinds for each in _differences(present, kind, cut, *sides))
    found = list(every if cut.limit is None else islice(every, cut.limit + 1))
    some = found[: cut.limit]
    return Compared(located[0].as_of, located[1].as_of, some, len(found) > len(some))


def _side(present: ReadTransaction, located: Located) -> _Side:
    until = _LAST if located.position is None else located.position.number
    return _Side(found_at(present, located).reading, until)


def _differences(
    present: ReadTransaction, kind: Subject, cut: DifferencesCut, first: _Side, second: _Side
) -> Iterator[Difference]:
    beyond = cut.after[1] if cut.after is not None and cut.after[0] is kind else None
    size = _SUBJECT_BATCH_SIZE if cut.limit is None else min(cut.limit + 1, _SUBJECT_BATCH_SIZE)
    after, until = sorted((first.until, second.until))
    is_long = until != _LAST and until - after > MAX_SHORT_RECORDS
    if is_long and cut.limit is not None:
        batches = _one_after_the_other(present, kind, after, until, beyond, size)
    else:
        found = set(present.changed_subjects(kind, after, until))
        found |= {each for side in (first, second) for each in side.reading.turned(kind)}
        batches = _batches(sorted(found), beyond, size)
    for some in batches:
        yield from _among(present, kind, some, first, second)


def _batches(subjects: Sequence[str], beyond: str | None, size: int) -> Iterator[Sequence[str]]:
    begin = 0 if beyond is None else bisect_right(subjects, beyond)
    return (subjects[start : start + size] for start in range(begin, len(subjects), size))


def _one_after_the_other(
    present: ReadTransaction, kind: Subject, after: int, until: int, beyond: str | None, size: int
) -> Iterator[Sequence[str]]:
    """What changed, some at a time, where that is too much to look at all of it for one page."""
    while some := present.next_changed_subjects(kind, after, until, beyond, size):
        yield some
        beyond = some[-1]


def _among(
    present: ReadTransaction, kind: Subject, subjects: Sequence[str], first: _Side, second: _Side
) -> Iterator[Difference]:
    was, will = (_RECORDS[kind](side.reading, subjects) for side in (first, second))
    found = list(differences(kind, was, will))
    names = [each.subject for each in found]
    after, until = sorted((first.until, second.until))
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

#: Kinds of things that are compared, in the order of the differences.
COMPARED: Final = tuple(_RECORDS)
