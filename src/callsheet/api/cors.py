"""CORS: requests from pages of other origins (contract, section 6)."""

import re
from collections.abc import Mapping
from typing import Final

from callsheet.api.request import Header
from callsheet.api.state import Options

_ALLOWED_HEADERS: Final = (
    "authorization",
    "x-api-key",
    "anthropic-version",
    "anthropic-beta",
    "anthropic-workspace-id",
    "anthropic-dangerous-direct-browser-access",
)
_ALLOWED_PATTERN: Final = re.compile(r"x-stainless-[a-z0-9-]+", re.ASCII)
_EXPOSED_HEADERS: Final = b"request-id, anthropic-organization-id, anthropic-workspace-id, etag, retry-after"
_MAX_AGE_SECONDS: Final = b"600"


def origin_headers(options: Options, headers: Mapping[bytes, bytes]) -> list[Header]:
    """Return the headers that let the page read the response; none if its origin is not allowed."""
    if not options.cors_origins:
        return []
    origin = headers.get(b"origin", b"")
    if "*" in options.cors_origins:
        return [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", _EXPOSED_HEADERS),
        ]
    if origin.decode("latin-1") not in options.cors_origins:
        return []
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED_HEADERS),
    ]


def is_preflight(options: Options, method: str, headers: Mapping[bytes, bytes]) -> bool:
    """Return whether the request is a preflight, and CORS is on."""
    return (
        bool(options.cors_origins)
        and method == "OPTIONS"
        and b"origin" in headers
        and b"access-control-request-method" in headers
    )


def preflight_headers(headers: Mapping[bytes, bytes]) -> list[Header]:
    """Return the methods and headers that a page may use; no wildcard covers ``x-stainless-*``."""
    asked = headers.get(b"access-control-request-headers", b"").decode("latin-1").lower()
    names = {name.strip() for name in asked.split(",")}
    more = sorted(name for name in names if _ALLOWED_PATTERN.fullmatch(name))
    return [
        (b"access-control-allow-methods", b"GET, HEAD"),
        (b"access-control-allow-headers", ", ".join((*_ALLOWED_HEADERS, *more)).encode("ascii")),
        (b"access-control-max-age", _MAX_AGE_SECONDS),
    ]
