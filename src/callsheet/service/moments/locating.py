"""Locating: which revision a moment falls into, and the moments of which nothing is known."""

from datetime import datetime
from typing import NamedTuple

from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError
from callsheet.domain.history.moment import AsOf, Moment
from callsheet.domain.times import format_instant, parse_instant
from callsheet.service.state.load import installation_of
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.read_history import Position


class Located(NamedTuple):
    """A moment among the change records.

    Parameters
    ----------
    as_of
        The moment.
    position
        The last change record that counts; None for a moment that is still to come.
    """

    as_of: AsOf
    position: Position | None


def locate(reading: ReadTransaction, moment: Moment, now: datetime) -> Located:
    """Return where ``moment`` lies in the history that ``reading`` has.

    A time means the revision with the latest time that is not after it. A revision means the time at which it was
    made.

    Raises
    ------
    DoesNotExistError
        There is no such revision yet, or the change records begin later.
    ConflictError
        A restore replaced the history of that moment.
    StorageError
        The database cannot be used.
    """
    present = installation_of(reading).revision
    if moment.at is not None and moment.at > now:
        return Located(AsOf(moment.at, present, is_future=True), None)
    if moment.revision is not None and moment.revision > present:
        raise DoesNotExistError(f"There is no revision {moment.revision} yet; the last one is {present}.")
    position = _position(reading, moment, now, present)
    if position is None:
        raise _too_early(reading)
    _refuse_replaced(reading, moment, position)
    return Located(AsOf(moment.at or _time(position), position.revision), position)


def last_number(reading: ReadTransaction, moment: Moment, now: datetime) -> int:
    """Return the number of the last change record up to ``moment``; 0 if the records begin later."""
    position = _position(reading, moment, now, installation_of(reading).revision)
    return 0 if position is None else position.number


def _position(reading: ReadTransaction, moment: Moment, now: datetime, present: int) -> Position | None:
    """The end of the revision that a moment falls into; now is the present one, whatever a clock said of it."""
    if moment.at is not None and moment.at != now:
        return reading.position_at(moment.at)
    return reading.position_of(present if moment.revision is None else moment.revision)


def _time(position: Position) -> datetime:
    try:
        return parse_instant(position.at)
    except (InvalidError, TypeError):
        raise ConflictError(
            f"When revision {position.revision} was made is not known, as its record is damaged; name a time."
        ) from None


def _too_early(reading: ReadTransaction) -> DoesNotExistError:
    first = reading.first_position()
    if first is None:
        return DoesNotExistError("There are no change records, so only the present is known.")
    return DoesNotExistError(
        f"The change records begin with revision {first.revision} at {first.at}; name a moment that is not earlier."
    )


def _refuse_replaced(reading: ReadTransaction, moment: Moment, position: Position) -> None:
    """Refuse what lay between the last change of a backup and the restore that put it in place."""
    for restore in reading.restores():
        last = reading.position_before(restore.number)
        if last is None or last.number != position.number:
            continue
        is_last = moment.revision == last.revision if moment.at is None else format_instant(moment.at) == last.at
        if not is_last:
            raise ConflictError(
                f"What there was between {last.at} (revision {last.revision}) and {restore.at} (revision "
                f"{restore.revision}) is not known, as a restore replaced it; name another moment."
            )
