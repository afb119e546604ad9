"""What the value of a field means, in the ways that servers write it; None if it makes no sense. Pure."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from callsheet.domain.model import LIFECYCLES
from callsheet.domain.times import EPOCH

MAX_TOKENS: Final = 2**53 - 1  # the largest integer that every JSON reader agrees on

_MAX_DIGITS: Final = 16
_MAX_TIMESTAMP_SECONDS: Final = 2 * 10**10  # the year 2603; a larger number is in a smaller unit
_MAX_DEPTH_LEVELS: Final = 8  # of groups of capabilities in groups
_CANONICAL: Final = re.compile(r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\dZ", re.ASCII)
_INSTANT: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)


def read_text(value: object) -> str | None:
    """Return a text that is not blank."""
    return value if isinstance(value, str) and value and not value.isspace() else None


def read_tokens(value: object) -> int | None:
    """Return a number of tokens: a whole one, of at least 1, as a number or in digits."""
    in_digits = isinstance(value, str) and len(value) <= _MAX_DIGITS and value.isascii() and value.isdecimal()
    if in_digits or (isinstance(value, float) and value.is_integer()):
        value = int(value)  # type: ignore[call-overload]  # one of the two
    return value if type(value) is int and 1 <= value <= MAX_TOKENS else None


def read_lifecycle(value: object) -> str | None:
    """Return a lifecycle: a known one, or the text that was sent."""
    return LIFECYCLES.get(value, value) if isinstance(value, str) and value else None


def read_capabilities(value: object) -> dict[str, object] | None:
    """Return capabilities whose plain booleans are leaves, ``{"supported": bool}``; the rest is as it was sent."""
    return _leaves(value, 0) if isinstance(value, Mapping) else None


def _leaves(value: Mapping[str, object], depth: int) -> dict[str, object]:
    return {
        name: _leaf(name, each, depth + 1) if isinstance(each, bool | Mapping) else each
        for name, each in value.items()
    }


def _leaf(name: str, value: "bool | Mapping[str, object]", depth: int) -> object:
    if isinstance(value, Mapping):
        return value if depth > _MAX_DEPTH_LEVELS else _leaves(value, depth)
    return value if name == "supported" else {"supported": value}


def read_instant(value: object) -> datetime | None:
    """Return a time (aware): RFC 3339 to any precision, a day, month or year, or a count since 1970.

    A count is of seconds, or of milliseconds, microseconds or nanoseconds if it is too large for seconds. Without a
    zone, UTC is meant. Nothing before 1970 makes sense: some servers send the zero time of their language.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _counted(value)
    if not isinstance(value, str):
        return None
    if _CANONICAL.fullmatch(value):
        with suppress(ValueError):  # a leap second
            instant = datetime.fromisoformat(value)  # much faster, and as nearly all servers write it
            return instant if instant >= EPOCH else None
    text = value.strip()
    if text.isascii() and text.isdecimal() and len(text) > len("2026"):
        return _counted(int(text)) if len(text) <= len("1790000000000000000") else None
    found = _INSTANT.fullmatch(text)
    return None if found is None else _written(found.groups())


def read_shutdown(value: object) -> datetime | None:
    """Return the time of a retirement; 1970 means that there is none."""
    instant = read_instant(value)
    return None if instant == EPOCH else instant


def _counted(count: float) -> datetime | None:
    if not 0 <= count < _MAX_TIMESTAMP_SECONDS * 10**9:  # False for NaN as well
        return None
    unit = 1
    while count / unit >= _MAX_TIMESTAMP_SECONDS:
        unit *= 1000
    try:
        return EPOCH + timedelta(microseconds=count * 10**6 // unit)
    except OverflowError:
        return None


def _written(parts: "tuple[str | None, ...]") -> datetime | None:
    year, month, day, hour, minute, second, fraction, zone = parts
    try:
        written = datetime(  # noqa: DTZ001  # the zone follows
            int(year or 0), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), 0,
            int((fraction or "")[:6].ljust(6, "0")),
        )  # fmt: skip
        instant = (written + timedelta(seconds=_seconds(second), minutes=-_offset(zone))).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return instant if instant >= EPOCH else None


def _seconds(text: str | None) -> int:
    seconds = int(text or 0)
    if seconds > 60:  # 60 is a leap second
        raise ValueError(text)
    return seconds


def _offset(zone: str | None) -> int:
    """Minutes ahead of UTC."""
    if zone is None or zone in "Zz":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return -minutes if zone[0] == "-" else minutes
