"""Reasons: what an answer says of why it is no list, out of whatever body it has."""

from typing import Any, Final

from callsheet.doctor.exchange import Exchange, printable, shortened

#: Fields that hold a message, the most common first; some servers nest one in the other.
_FIELDS: Final = ("error", "message", "detail", "msg", "error_description", "errors", "title", "reason")

_LONGEST: Final = 200  # characters that are quoted

_DEEPEST: Final = 4  # objects in one another


def reason_of(exchange: Exchange) -> str:
    """Return the reason that an answer gives, in one line; empty if it gives none."""
    if exchange.answer is None:
        return ""
    found = _find(exchange.json, _DEEPEST)
    if not found and exchange.answer.kind == "text/plain":
        found = exchange.body[: 4 * _LONGEST].decode("utf-8", "replace")
    return shortened(printable(found), _LONGEST).rstrip(".")


def because(exchange: Exchange) -> str:
    """Return the reason as the middle of a sentence holds it: a colon and the reason in quotes, or nothing."""
    reason = reason_of(exchange).replace("`", "'")
    return f': "{reason}"' if reason else ""


def _find(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return value
    if depth and isinstance(value, list):
        return next(filter(None, (_find(each, depth - 1) for each in value[:4])), "")
    if depth and isinstance(value, dict):
        named = (value[name] for name in _FIELDS if name in value)
        return next(filter(None, (_find(each, depth - 1) for each in named)), "")
    return ""
