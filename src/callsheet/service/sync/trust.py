"""The certificates that upstreams are trusted by, which take longer to read than a list does."""

import ssl
from functools import cache
from typing import Any

import httpx2


def trust() -> dict[str, Any]:
    """Return the options of an HTTP client that name the certificates to trust, read once for the process.

    If they cannot be read, there are none: the client then finds out why.
    """
    try:
        return {"verify": _trusted()}
    except OSError:
        return {}


@cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()
