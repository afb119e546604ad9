"""Header fields: which of them end at this hop, and which may go on (RFC 9110, sections 6.5.1 and 7.6.1)."""

from collections.abc import Iterable, Sequence
from typing import Final

from callsheet.api.request import Header
from callsheet.http1.fields import tokens

#: Fields that concern one connection.
HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
    }
)

#: Fields that a trailer must not have, as recipients use them before the body, or know who asks by them.
_NOT_IN_TRAILERS: Final = HOP_BY_HOP | {
    b"authorization",
    b"content-encoding",
    b"content-length",
    b"content-range",
    b"content-type",
    b"cookie",
    b"expect",
    b"host",
    b"max-forwards",
    b"set-cookie",
    b"trailer",
    b"x-api-key",
}


def end_to_end(headers: Sequence[Header]) -> list[Header]:
    """Return ``headers`` without those that concern the connection they came over, or that it names."""
    ending = HOP_BY_HOP.union(tokens(headers, b"connection"))
    return [header for header in headers if header[0].lower() not in ending]


def trailers(headers: Iterable[Header]) -> list[Header]:
    """Return those of ``headers`` that may follow a body."""
    return [header for header in headers if header[0].lower() not in _NOT_IN_TRAILERS]
