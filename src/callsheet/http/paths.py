"""Where in the app a request points, whatever the app is mounted under."""

from typing import Any
from urllib.parse import quote

Scope = Any

#: What may stand unescaped in a path: RFC 3986's pchar and the slash.
_SAFE = "/:@!$&'()*+,;=~-._"


def local_path(scope: Scope, prefix: str = "") -> bytes:
    """Return the path as sent, percent-encoded, below the mount.

    ``raw_path`` keeps what ``path`` has lost (an encoded slash, for one), but not every server sends it, and
    frameworks disagree on whether it begins with ``root_path``.

    Parameters
    ----------
    scope
        Of an ASGI request.
    prefix
        One more prefix that requests may carry (the setting ``root_path``), for proxies that do not strip it.
    """
    raw: bytes | None = scope.get("raw_path")
    path = quote(scope["path"], safe=_SAFE).encode() if raw is None else raw.partition(b"?")[0]
    for each in (scope.get("root_path", ""), prefix):
        if each:
            path = _below(path, quote(each, safe=_SAFE).encode())
    return path or b"/"


def _below(path: bytes, prefix: bytes) -> bytes:
    rest = path[len(prefix) :]
    return rest if path.startswith(prefix) and rest[:1] in (b"", b"/") else path
