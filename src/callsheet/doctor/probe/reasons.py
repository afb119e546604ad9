"""The reason that a server gives for an error, found in whatever body it sends."""

from typing import Final

from callsheet.doctor.probe.exchange import Exchange
from callsheet.doctor.probe.texts import one_line, shortened
from callsheet.wire.reading_errors import read_error, read_page_title

_MAX_REASON_LENGTH: Final = 200

_MAX_TEXT_BYTES: Final = 8_192  # of a web page or a plain text


def server_reason(exchange: Exchange) -> str:
    """Return the reason that a response gives, in one line; empty if it gives none.

    It is the one that `callsheet.Client` shows for the same response.
    """
    if exchange.response is None:
        return ""
    error = read_error(exchange.json)
    found = "" if error is None else error.message
    if exchange.json is None and exchange.response.media_type.startswith("text/"):
        found = read_page_title(exchange.body[:_MAX_TEXT_BYTES].decode("utf-8", "replace"))
    return shortened(one_line(found), _MAX_REASON_LENGTH).rstrip(".")


def quoted_reason(exchange: Exchange) -> str:
    """Return a colon and the server's reason in quotes, to be added to a sentence; empty if it gives none."""
    reason = server_reason(exchange).replace("`", "'")
    return f': "{reason}"' if reason else ""
