"""Reading change records by what they are of, in pages that cost the same however many records there are."""

from collections.abc import Iterator, Sequence
from heapq import nlargest, nsmallest
from typing import Final, NamedTuple

from sqlalchemy import Column, ColumnElement, func, select

from callsheet.domain.changes.change import ChangeRecord, Subject
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.paging import MAX_PAGE_ROWS, Cut, PagesReading, Slice
from callsheet.storage.transactions.selecting import is_nowhere

_CHANGES: Final = tables.changes.c


class ChosenChanges(NamedTuple):
    """Which change records are wanted: those that fit everything that is said here.

    Parameters
    ----------
    subjects
        Ids of what changed; None for anything.
    actor, kind, action
        As records have them; None for any.
    revision
        Of the transaction; None for any.
    after, until
        Numbers: only records above ``after`` and up to ``until``; None for no bound.
    """

    subjects: Sequence[str] | None = None
    actor: str | None = None
    kind: str | None = None
    action: str | None = None
    revision: int | None = None
    after: int | None = None
    until: int | None = None


ALL_CHANGES: Final = ChosenChanges()


class ChangesReading(PagesReading):
    """Pages of change records."""

    def page_of_changes(self, cut: Cut, wanted: ChosenChanges = ALL_CHANGES) -> Slice[ChangeRecord]:
        """Return a page of the change records that are wanted, newest first; keys are numbers."""
        if any(map(is_nowhere, (wanted.actor, wanted.kind, wanted.action))):
            return Slice([], False)
        where = list(self._within(wanted))
        if wanted.subjects is not None:  # with the kinds, an index has them
            known = [subject for subject in wanted.subjects if not is_nowhere(subject)]
            where += [_CHANGES.kind.in_([str(kind) for kind in Subject]), _CHANGES.subject.in_(known)]
            where += _equal(wanted)
        elif any((wanted.actor, wanted.kind, wanted.action)):
            return self._merged(cut, wanted, where)
        found = self._cut(tables.changes, ("number",), cut, where, descending=True)
        return Slice([rows.read_change(row) for row in found.rows], found.has_more)

    def _within(self, wanted: ChosenChanges) -> Iterator[ColumnElement[bool]]:
        """The bounds of the numbers; those of one revision follow one another."""
        if wanted.after is not None:
            yield _CHANGES.number > wanted.after
        if wanted.until is not None:
            yield _CHANGES.number <= wanted.until
        if wanted.revision is not None:
            numbers = select(_CHANGES.number).where(_CHANGES.revision == wanted.revision).limit(1)
            for order, is_bound in (
                (_CHANGES.number.asc(), _CHANGES.number.__ge__),
                (_CHANGES.number.desc(), _CHANGES.number.__le__),
            ):
                edge = self._connection.execute(numbers.order_by(order)).scalar()
                yield is_bound(-1 if edge is None else edge)

    def _merged(self, cut: Cut, wanted: ChosenChanges, where: Sequence[ColumnElement[bool]]) -> Slice[ChangeRecord]:
        """The page of some kinds or actions: the first rows of each pair of them, which an index has in order."""
        backwards = cut.after is None and cut.before is not None
        limit = min(cut.limit, MAX_PAGE_ROWS)
        edges = list(where)
        if cut.after is not None:
            edges.append(_CHANGES.number < cut.after)
        elif cut.before is not None:
            edges.append(_CHANGES.number > cut.before)
        order = _CHANGES.number.asc() if backwards else _CHANGES.number.desc()
        numbers: list[int] = []
        for kind, action in self._kinds_and_actions(wanted):
            of_both = (_CHANGES.kind == kind, _CHANGES.action == action, *_of_actor(wanted))
            query = select(_CHANGES.number).where(*of_both, *edges)
            numbers += self._connection.scalars(query.order_by(order).limit(limit + 1))
        some = (nsmallest if backwards else nlargest)(limit + 1, numbers)
        records = map(rows.read_change, self._rows(tables.changes, "number", some[:limit]))
        return Slice(sorted(records, key=lambda each: -each.number), len(some) > limit)

    def _kinds_and_actions(self, wanted: ChosenChanges) -> Iterator[tuple[str, str]]:
        """The wanted pairs of kind and action that there are; each is found by one look into an index."""
        of_actor = _of_actor(wanted)
        kinds = self._distinct(_CHANGES.kind, of_actor) if wanted.kind is None else [wanted.kind]
        for kind in kinds:
            where = [*of_actor, _CHANGES.kind == kind]
            actions = self._distinct(_CHANGES.action, where) if wanted.action is None else [wanted.action]
            yield from ((kind, action) for action in actions)

    def _distinct(self, column: Column[str], where: Sequence[ColumnElement[bool]]) -> Iterator[str]:
        """Each value of a column that an index has in order behind those of ``where``."""
        found = self._connection.scalar(select(func.min(column)).where(*where))
        while found is not None:
            yield found
            found = self._connection.scalar(select(func.min(column)).where(*where, column > found))


def _of_actor(wanted: ChosenChanges) -> list[ColumnElement[bool]]:
    return [] if wanted.actor is None else [_CHANGES.actor == wanted.actor]


def _equal(wanted: ChosenChanges) -> list[ColumnElement[bool]]:
    found = _of_actor(wanted)
    for name in ("kind", "action"):
        value = getattr(wanted, name)
        if value is not None:
            found.append(_CHANGES[name] == value)
    return found
