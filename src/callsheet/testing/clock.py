"""The clock of the double, which stands still until a test moves it."""

from datetime import UTC, datetime, timedelta
from typing import Final

from callsheet.domain.errors import InvalidError
from callsheet.domain.times import parse_instant

#: The default time: the day of the built-in catalogue.
START: Final = datetime(2026, 11, 29, tzinfo=UTC)


class Clock:
    """A clock that only a test moves.

    Keys expire by it, changes of models are dated by it, and responses carry it in their date header.

    Parameters
    ----------
    start
        The time: an aware datetime, or text in RFC 3339 format, or a day.
    """

    def __init__(self, start: datetime | str = START) -> None:
        self._start = read_instant(start, "The time of the clock")
        self._now = self._start

    def now(self) -> datetime:
        """Return the time (aware)."""
        return self._now

    def set(self, instant: datetime | str) -> None:
        """Set the time to ``instant``, which may be in the past."""
        self._now = read_instant(instant, "The time of the clock")

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move the time forward, or with negative numbers back."""
        try:
            self._now += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except (OverflowError, ValueError):
            raise InvalidError("The clock cannot be moved so far.") from None

    def reset(self) -> None:
        """Set the time to what it was at the beginning."""
        self._now = self._start


def read_instant(given: object, name: str) -> datetime:
    """Return an aware datetime, from one or from text.

    Raises
    ------
    InvalidError
        It is neither; the sentence begins with ``name``.
    """
    if isinstance(given, str):
        return parse_instant(given, name)
    if isinstance(given, datetime) and given.tzinfo is not None:
        return given
    raise InvalidError(f"{name} must be a time with a time zone, or text such as 2026-11-20T00:00:00Z.")
