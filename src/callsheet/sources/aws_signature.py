"""Signature Version 4 of AWS, for requests without a body.

Own code, because the library that does it, botocore, is some 30 MB for these lines (decision 21); the tests compare
signatures with botocore's.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, urlsplit

from callsheet.sources.aws_credentials import AWSKeys

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_EMPTY_BODY: Final = hashlib.sha256(b"").hexdigest()
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def sign_get(url: str, keys: AWSKeys, region: str, service: str, now: datetime) -> dict[str, str]:
    """Return the headers that sign a GET of ``url``: ``authorization``, ``x-amz-date``, perhaps a session's token.

    Parameters
    ----------
    url
        The whole URL, percent-encoded as it is sent. Of the headers, only ``host`` and those returned are signed.
    now
        The time (aware).
    """
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": stamp}
    if keys.session_token:
        added["x-amz-security-token"] = keys.session_token
    signed = {"host": _host(url), **added}
    names = ";".join(sorted(signed))
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    request = _canonical(url, signed, names)
    text = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.new(_key(keys, scope), text.encode(), hashlib.sha256).hexdigest()
    credential = f"{keys.access_key_id}/{scope}"
    return {
        **added,
        "authorization": f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}",
    }


def _canonical(url: str, signed: Mapping[str, str], names: str) -> str:
    parts = urlsplit(url)
    path = quote(parts.path or "/", safe="/~")  # a second time: it is percent-encoded already
    query = "&".join("=".join(pair) for pair in sorted(_pairs(parts.query)))
    lines = (f"{name}:{' '.join(signed[name].split())}" for name in sorted(signed))
    return "\n".join(("GET", path, query, *lines, "", names, _EMPTY_BODY))


def _pairs(query: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=") for part in query.split("&") if part)
    return [(name, value) for name, _, value in pairs]


def _host(url: str) -> str:
    """The host as clients send it: with its port, unless it is the scheme's own."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    return host.removesuffix(f":{_DEFAULT_PORTS.get(parts.scheme)}")


def _key(keys: AWSKeys, scope: str) -> bytes:
    key = f"AWS4{keys.secret_access_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
