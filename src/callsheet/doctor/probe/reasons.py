"""Reasons: what an answer says of why it is no list, out of whatever body it has."""

from typing import Final

from callsheet.doctor.probe.exchange import Exchange, printable, shortened
from callsheet.wire.reading_errors import read_error, read_page_title

_LONGEST: Final = 200  # characters that are quoted

_LONGEST_TEXT: Final = 8_192  # bytes of a page or a plain text that are read


def reason_of(exchange: Exchange) -> str:
    """Return the reason that an answer gives, in one line; empty if it gives none.

    It is the one that `callsheet.Client` shows for the same answer.
    """
    if exchange.answer is None:
        return ""
    error = read_error(exchange.json)
    found = "" if error is None else error.message
    if exchange.json is None and exchange.answer.kind.startswith("text/"):
        found = read_page_title(exchange.body[:_LONGEST_TEXT].decode("utf-8", "replace"))
    return shortened(printable(found), _LONGEST).rstrip(".")


def because(exchange: Exchange) -> str:
    """Return the reason as the middle of a sentence holds it: a colon and the reason in quotes, or nothing."""
    reason = reason_of(exchange).replace("`", "'")
    return f': "{reason}"' if reason else ""
