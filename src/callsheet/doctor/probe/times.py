"""Times on the wire, read without trust."""

from datetime import UTC, datetime


def read_instant(value: object) -> datetime | None:
    """Return the RFC 3339 time that ``value`` is; None if it is none."""
    if not isinstance(value, str) or "T" not in value.upper():
        return None
    try:
        when = datetime.fromisoformat(value.upper())
    except ValueError:
        return None
    return when if when.tzinfo is not None else None


def read_second(value: int) -> datetime | None:
    """Return the time that a number of seconds since 1970 is; None if it is none."""
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
