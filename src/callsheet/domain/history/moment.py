"""Moment: the point in time or the revision that a person asks about."""

import re
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from callsheet.domain.errors import InvalidError
from callsheet.domain.times import format_instant, parse_instant

_AGO: Final = re.compile(r"([0-9]{1,6})([smhdwy])", re.ASCII)
_REVISION: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_UNITS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    "y": timedelta(days=365),
}


class Moment(NamedTuple):
    """What is asked about: a time, or a revision.

    Parameters
    ----------
    at
        The time (aware); None for a revision.
    revision
        Its number; None for a time.
    """

    at: datetime | None
    revision: int | None = None


def parse_moment(text: str, now: datetime, name: str = "The moment") -> Moment:
    """Return the moment that ``text`` means.

    A whole number is a revision. ``90d`` is a time before ``now``, with ``s``, ``m``, ``h``, ``d``, ``w`` or ``y``
    (365 days). Everything else is a time as `parse_instant` reads it: RFC 3339, or a day, which means its
    midnight in UTC. ``now`` is the present.

    Raises
    ------
    InvalidError
        ``text`` is none of these; the sentence begins with ``name``.
    """
    if _REVISION.fullmatch(text):
        return Moment(None, int(text))
    if text == "now":
        return Moment(now)
    ago = _AGO.fullmatch(text)
    try:
        return Moment(parse_instant(text) if ago is None else now - int(ago[1]) * _UNITS[ago[2]])
    except (InvalidError, OverflowError):
        raise InvalidError(
            f"{name} must be a day such as 2026-02-04, an RFC 3339 time, a time ago such as 90d, or the number of "
            f"a revision, not {text[:40]!r}."
        ) from None


class AsOf(NamedTuple):
    """The moment that an answer is of.

    Parameters
    ----------
    at
        The time (aware) that expiry is judged by: of a revision, when it was made.
    revision
        The last one at that time.
    is_future
        Whether the time is still to come; then the answer is what dates alone will make of the present.
    """

    at: datetime
    revision: int
    is_future: bool = False

    def record(self) -> dict[str, object]:
        """Return it as plain JSON values."""
        return {"at": format_instant(self.at), "revision": self.revision, "is_future": self.is_future}
