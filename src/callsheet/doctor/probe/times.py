"""Times on the wire, read without trust."""

from datetime import UTC, datetime


def read_instant(value: object) -> datetime | None:
    """Return the time that ``value`` is in RFC 3339 format; None if it is not one."""
    if not isinstance(value, str) or "T" not in value.upper():
        return None
    try:
        when = datetime.fromisoformat(value.upper())
    except ValueError:
        return None
    return when if when.tzinfo is not None else None


def read_second(value: int) -> datetime | None:
    """Return the time that is ``value`` seconds after 1970; None if there is no such time."""
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
