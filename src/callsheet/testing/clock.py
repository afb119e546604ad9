"""Clock: the time of the double, which stands still until a test moves it."""

from datetime import UTC, datetime, timedelta
from typing import Final

from callsheet.domain.errors import InvalidError
from callsheet.domain.times import parse_instant

#: When the clock stands unless said otherwise: the day of the built-in catalogue.
START: Final = datetime(2026, 11, 29, tzinfo=UTC)


class Clock:
    """A clock that does not run.

    Keys expire by it, models are added, deprecated and retired at its time, and answers carry it as their date.

    Parameters
    ----------
    start
        Where it stands: an aware time, or RFC 3339, or a day.
    """

    def __init__(self, start: datetime | str = START) -> None:
        self._start = read_instant(start, "The time of the clock")
        self._now = self._start

    def now(self) -> datetime:
        """Return the time (aware)."""
        return self._now

    def set(self, instant: datetime | str) -> None:
        """Let it be ``instant``, which may lie in the past."""
        self._now = read_instant(instant, "The time of the clock")

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Let so much time pass."""
        try:
            self._now += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except (OverflowError, ValueError):
            raise InvalidError("The clock cannot be moved so far.") from None

    def reset(self) -> None:
        """Let it stand where it stood at first."""
        self._now = self._start


def read_instant(given: object, name: str) -> datetime:
    """Return an aware time, given as one or as text.

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
