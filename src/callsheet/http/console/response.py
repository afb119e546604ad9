"""Response: what a browser is answered, with the headers that every answer has."""

import gzip
import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from callsheet.api.request import Header

#: Nothing but what this server itself serves: no inline script or style, no frame, no other server.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

_COMMON: Final[tuple[Header, ...]] = (
    (b"content-security-policy", POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)

_MIN_COMPRESSED_BYTES: Final = 1400
_LEVEL: Final = 4


class Response(NamedTuple):
    """An answer.

    Parameters
    ----------
    status, body
        As sent, but for compression.
    content_type
        Of the body.
    headers
        That only this answer has.
    cache_control
        How long it may be kept.
    """

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[Header, ...] = ()
    cache_control: str = "no-store"

    def encoded(self, *, gzip_accepted: bool) -> "Response":
        """Return it compressed, if that is worth it and the browser takes it."""
        if not gzip_accepted or len(self.body) < _MIN_COMPRESSED_BYTES:
            return self
        body = gzip.compress(self.body, _LEVEL, mtime=0)
        return self._replace(body=body, headers=(*self.headers, (b"content-encoding", b"gzip")))

    def all_headers(self) -> list[Header]:
        """Return every header."""
        return [
            (b"content-type", self.content_type.encode("ascii")),
            (b"cache-control", self.cache_control.encode("ascii")),
            (b"vary", b"accept-encoding, cookie"),
            (b"content-length", b"%d" % len(self.body)),
            *_COMMON,
            *self.headers,
        ]


def json_response(data: Mapping[str, Any], status: int = 200) -> Response:
    """Return ``data`` as JSON."""
    body = json.dumps(data, ensure_ascii=False, indent=2).encode("utf-8", "replace")
    return Response(status, body, "application/json")


def redirect(location: str, *headers: Header) -> Response:
    """Return an answer that leads a browser to ``location``, which it gets."""
    return Response(303, headers=((b"location", location.encode("ascii")), *headers))
