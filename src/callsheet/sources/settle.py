"""What a source says now, completed by what it said before: `FIRST_SEEN` and `LastKnown` become plain values."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from callsheet.domain.times import format_instant, parse_instant
from callsheet.sources.upstream import FIRST_SEEN, LastKnown

_NOTHING: Final[Mapping[str, Any]] = {}


def settle(fields: Mapping[str, Any], before: Mapping[str, Any] | None, now: datetime) -> Mapping[str, Any]:
    """Return ``fields`` of a `Listed` as claims, which `Claims` can hold; the same object if they are that already.

    Parameters
    ----------
    before
        What the same source claims of the model since its last run; None if it did not list the model.
    now
        When the source saw this (aware): the value of `FIRST_SEEN` if the source has not claimed the field before.
        A model was not deprecated later than it retires, though, even if it is seen only then.
    """
    if all(map(_is_plain, fields.values())):
        return fields  # as nearly all are, and there may be a hundred thousand
    known = before or _NOTHING
    settled = {}
    for name, value in fields.items():
        found = _settled(value, known.get(name), now)
        if found is not None:
            settled[name] = found
    retires_at = settled.get("retires_at")
    if fields.get("deprecated_at") is FIRST_SEEN and retires_at is not None:
        settled["deprecated_at"] = min(settled["deprecated_at"], retires_at, key=parse_instant)
    return settled


def _is_plain(value: Any) -> bool:
    return value is not None and value is not FIRST_SEEN and type(value) is not LastKnown


def _settled(value: Any, known: Any, now: datetime) -> Any:
    if value is FIRST_SEEN:
        return format_instant(now) if known is None else known
    if isinstance(value, LastKnown):
        return value.otherwise if known is None else known
    return value
