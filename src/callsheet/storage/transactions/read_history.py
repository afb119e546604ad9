"""Reading change records as history: where a moment lies, and what there was before a change."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, Text, bindparam, cast, func, select, union

from callsheet.domain.changes.change import Action, ChangeRecord, Subject
from callsheet.domain.errors import CallsheetError
from callsheet.domain.times import format_instant, parse_instant
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.selecting import ROW_BATCH_SIZE, VALUE_BATCH_SIZE, Selecting, is_nowhere, plain

_CHANGES: Final = tables.changes.c

#: Change records that are looked through one by one rather than by what they are of.
MAX_SHORT_RECORDS: Final = 100_000

_SECOND: Final = len("2026-02-04T00:00:00")

#: After which there is no other.
_LAST_SECOND: Final = datetime.max.replace(microsecond=0, tzinfo=UTC)


class Position(NamedTuple):
    """The end of a revision among the change records.

    Parameters
    ----------
    number
        Of its last record.
    revision, at
        Of the transaction, and when it was, as it was recorded.
    """

    number: int
    revision: int
    at: str


class Former(NamedTuple):
    """What a thing was before a change record.

    Parameters
    ----------
    subject
        Which thing.
    number
        Of the record.
    before
        The JSON of its fields as it was stored, valid or not; None if it was not there.
    """

    subject: str
    number: int
    before: str | None


_POSITION: Final = select(*(_CHANGES[name] for name in Position._fields))
_FIRSTS: Final = select(func.min(_CHANGES.number)).where(
    _CHANGES.kind == bindparam("kind"), _CHANGES.number > bindparam("after")
)
_LASTS: Final = select(func.max(_CHANGES.number)).where(
    _CHANGES.kind == bindparam("kind"), _CHANGES.number <= bindparam("until")
)
_STREAMED: Final = {"yield_per": ROW_BATCH_SIZE}
_OF_THESE: Final = _CHANGES.subject.in_(bindparam("values", expanding=True))


class HistoryReading(Selecting):
    """What can be read of the past in one transaction."""

    def first_position(self) -> Position | None:
        """Return where the change records begin; None if there is none."""
        return self._position(_POSITION.order_by(_CHANGES.number).limit(1))

    def position_of(self, revision: int) -> Position | None:
        """Return the end of the revision with this number, or of the last one before it; None if there is none."""
        query = _POSITION.where(_CHANGES.revision <= revision)
        return self._position(query.order_by(_CHANGES.revision.desc(), _CHANGES.number.desc()).limit(1))

    def position_at(self, instant: datetime) -> Position | None:
        """Return the end of the revision with the latest time that is not after ``instant`` (aware); None if none.

        Times are compared to the fraction of a second. Of several revisions at the same time, the last one counts.
        """
        second = format_instant(instant)[:_SECOND]
        found = self._last_in(second, instant)
        if found is not None:
            return found
        query = _POSITION.where(_CHANGES.at < second).order_by(_CHANGES.at.desc(), _CHANGES.number.desc())
        earlier = self._position(query.limit(1))
        return None if earlier is None else self._last_in(earlier.at[:_SECOND], instant) or earlier

    def position_before(self, number: int) -> Position | None:
        """Return the end of the revision before the record with this number; None if there is none."""
        return self._position(_POSITION.where(_CHANGES.number < number).order_by(_CHANGES.number.desc()).limit(1))

    def restores(self) -> list[Position]:
        """Return where a restored backup replaced everything, in order."""
        query = _POSITION.where(_CHANGES.kind == Subject.INSTALLATION, _CHANGES.action == Action.RESTORE)
        return [Position(*row) for row in self._connection.execute(query.order_by(_CHANGES.number))]

    def formers(self, kind: Subject, after: int, subjects: Iterable[str] | None = None) -> Iterator[Former]:
        """Yield what things of a kind were before their first change record whose number is above ``after``.

        All of them that have one, or those of ``subjects`` that do, in no order.
        """
        return self._formers(_FIRSTS, {"kind": kind, "after": after}, subjects)

    def last_formers(self, kind: Subject, until: int, subjects: Iterable[str]) -> Iterator[Former]:
        """Yield what ``subjects`` were before their last change record whose number is not above ``until``."""
        return self._formers(_LASTS, {"kind": kind, "until": until}, subjects)

    def last_records(
        self, kind: Subject, after: int, until: int, subjects: Iterable[str]
    ) -> Iterator[ChangeRecord]:
        """Yield the last record of each of ``subjects`` above ``after`` and up to ``until``, without fields."""
        columns = [column for column in _CHANGES if column.name not in ("before", "after")]
        within = {"kind": kind, "until": until, "after": after}
        for numbers, values in _batches(_LASTS.where(_CHANGES.number > bindparam("after")), subjects):
            found = numbers.group_by(_CHANGES.subject).subquery()
            query = select(*columns).join(found, _CHANGES.number == found.c[0])
            result = self._connection.execute(query, {**within, **values})
            yield from (rows.read_change({"before": None, "after": None, **row}) for row in plain(result))

    def changed_subjects(self, kind: Subject, after: int, until: int) -> Iterator[str]:
        """Yield each thing of a kind that has a change record above ``after`` and up to ``until``, once."""
        last = self._connection.scalar(select(func.max(_CHANGES.number))) or 0
        is_short = min(until, last) - after <= MAX_SHORT_RECORDS
        of_kind = func.coalesce(_CHANGES.kind, "") if is_short else _CHANGES.kind  # by number then, not by an index
        query = select(_CHANGES.subject).where(of_kind == kind, _CHANGES.number > after, _CHANGES.number <= until)
        return (row[0] for row in self._connection.execute(query.distinct(), execution_options=_STREAMED))

    def next_changed_subjects(
        self, kind: Subject, after: int, until: int, beyond: str | None, limit: int
    ) -> list[str]:
        """Return the next of what `changed_subjects` has, in the order of the database.

        Parameters
        ----------
        kind, after, until
            As there; many things should have changed between these, or it takes long to find them.
        beyond
            The id that they come after; None to begin with the first.
        limit
            How many at most.
        """
        where = [_CHANGES.kind == kind, _CHANGES.number > after, _CHANGES.number <= until]
        if beyond is not None:
            if is_nowhere(beyond):
                return []
            where.append(_CHANGES.subject > beyond)
        query = select(_CHANGES.subject).where(*where).distinct().order_by(_CHANGES.subject).limit(limit)
        return list(self._connection.scalars(query))

    def models_then_or_now(self, after: int, beyond: str | None, limit: int, *, backwards: bool) -> list[str]:
        """Return the ids of models that there are, or that changed after a moment, in the order of the database.

        Parameters
        ----------
        after
            The number of the last change record of the moment.
        beyond
            The id that they come after, or before it with ``backwards``; None to begin at the end.
        limit
            How many at most: the nearest.
        backwards
            Whether they come the other way round.
        """
        if is_nowhere(beyond):
            return []
        ids = select(tables.models.c.id.label("id"))
        changed = select(_CHANGES.subject.label("id")).where(
            _CHANGES.kind == Subject.MODEL, _CHANGES.number > after
        )
        if beyond is not None:
            ids, changed = (
                query.where(column < beyond if backwards else column > beyond)
                for query, column in ((ids, tables.models.c.id), (changed, _CHANGES.subject))
            )
        both = union(ids, changed.distinct())
        (column,) = both.selected_columns
        query = both.order_by(column.desc() if backwards else column).limit(limit)
        return list(self._connection.scalars(query))

    def _formers(
        self, numbers: Select[Any], within: dict[str, Any], subjects: Iterable[str] | None
    ) -> Iterator[Former]:
        for some, values in _batches(numbers, subjects):
            found = some.group_by(_CHANGES.subject).subquery()
            query = select(_CHANGES.subject, _CHANGES.number, cast(_CHANGES.before, Text))
            result = self._connection.execute(
                query.join(found, _CHANGES.number == found.c[0]), {**within, **values}, execution_options=_STREAMED
            )
            yield from (Former(*row) for part in result.partitions(ROW_BATCH_SIZE) for row in part)

    def _position(self, query: Select[Any]) -> Position | None:
        row = self._connection.execute(query).first()
        return None if row is None else Position(*row)

    def _last_in(self, second: str, instant: datetime) -> Position | None:
        """The last position in a second that is not after ``instant``."""
        following = _instant(f"{second}Z")
        if following is None:
            return None
        query = select(_CHANGES.at, func.max(_CHANGES.number)).group_by(_CHANGES.at).where(_CHANGES.at >= second)
        if following < _LAST_SECOND:
            query = query.where(_CHANGES.at < format_instant(following + timedelta(seconds=1))[:_SECOND])
        found = self._connection.execute(query)
        dated = [(time, number) for at, number in found if (time := _instant(at)) is not None and time <= instant]
        return self._position(_POSITION.where(_CHANGES.number == max(dated)[1])) if dated else None


def _batches(query: Select[Any], subjects: Iterable[str] | None) -> Iterator[tuple[Select[Any], dict[str, Any]]]:
    """The query over all subjects, or over some of ``subjects`` at a time, with their values."""
    if subjects is None:
        yield query, {}
        return
    remaining = (each for each in dict.fromkeys(subjects) if not is_nowhere(each))
    while some := list(islice(remaining, VALUE_BATCH_SIZE)):
        yield query.where(_OF_THESE), {"values": some}


def _instant(text: str) -> datetime | None:
    """The time of a record; None if it is damaged."""
    try:
        return parse_instant(text)
    except CallsheetError:
        return None
