"""Times on the wire, read without trust."""

from datetime import datetime


def read_instant(value: object) -> datetime | None:
    """Return the RFC 3339 time that ``value`` is; None if it is none."""
    if not isinstance(value, str) or "T" not in value.upper():
        return None
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return when if when.tzinfo is not None else None
