"""Instants as the wire writes them: RFC 3339, UTC, ``Z``, no fraction when whole (contract, section 2)."""

import re
from datetime import UTC, date, datetime, time
from typing import Final

from callsheet.domain.errors import InvalidError

#: The time of release of a model for which it is not known.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_CANONICAL_LENGTH: Final = 20
_MIDNIGHT: Final = "00:00:00"
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def format_instant(instant: datetime) -> str:
    """Return ``instant`` (aware) as the wire writes it, for example ``2026-02-04T00:00:00Z``."""
    utc = instant.astimezone(UTC)
    text = utc.isoformat(timespec="microseconds" if utc.microsecond else "seconds")
    text = text.removesuffix("+00:00")
    return f"{text.rstrip('0') if utc.microsecond else text}Z"


def format_minute(instant: datetime) -> str:
    """Return ``instant`` (aware) for people, in UTC: the day, and the minute if it is not midnight."""
    text = format_instant(instant)
    return text[:10] if text[11:19] == _MIDNIGHT else f"{text[:10]} {text[11:16]}"


def parse_instant(text: str, name: str = "The time") -> datetime:
    """Return the instant that ``text`` means: RFC 3339, or a day, which means its midnight in UTC.

    Raises
    ------
    InvalidError
        ``text`` is neither; the sentence begins with ``name``.
    """
    try:
        if len(text) == _CANONICAL_LENGTH and text[-1] == "Z" and _RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text)  # as we write it, and fast: a start may read a million of them
        if _DAY.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        if _RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    shown = text[:40]
    raise InvalidError(f"{name} must be a day such as 2026-02-04, or an RFC 3339 time, not {shown!r}.")
