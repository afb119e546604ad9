"""Moments in forms: what was typed, and what is wrong with it, at its field."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from callsheet.domain.errors import CallsheetError
from callsheet.domain.times import parse_instant
from callsheet.http.admin.errors import AdminError
from callsheet.http.console.forms import MENDABLE, Form
from callsheet.http.console.visit import Visit

#: How far a slider goes back at most, and how far ahead it goes.
MAX_DAYS_BACK: Final = 3_650
DAYS_AHEAD: Final = 365

_DAY: Final = timedelta(days=1)


def put_error(form: Form, error: AdminError, *names: str) -> None:
    """Put what a call refuses at the field with its name.

    Raises
    ------
    AdminError
        It is about none of the fields with these ``names``, or cannot be mended by typing something else.
    """
    if error.code not in MENDABLE or error.field not in names:
        raise error
    form.note(error)


def days_back(visit: Visit) -> int:
    """Return how many midnights (UTC) lie after the first change record: as far as a slider can go back."""
    first = visit.calls.read("listChanges", before_id="0", limit=1)["data"]
    if not first:
        return 0
    try:
        since = midnight(visit.now) - parse_instant(first[0]["at"])
    except CallsheetError:
        return 0
    return min(max(since // _DAY, 0), MAX_DAYS_BACK)


def midnight(now: datetime) -> datetime:
    """Return the beginning of the day of ``now`` in UTC."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day_at(now: datetime, offset: int) -> str:
    """Return the day that is ``offset`` days after that of ``now``, as moments name it; 0 is now itself."""
    return "now" if offset == 0 else (midnight(now) + offset * _DAY).date().isoformat()


def offset_of(as_of: Mapping[str, Any], now: datetime) -> int:
    """Return how many days after today the moment of an answer is, in whole days."""
    return (parse_instant(as_of["at"]) - midnight(now)) // _DAY
