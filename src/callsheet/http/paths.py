"""Paths of requests, without the prefixes that the app is mounted under."""

import re
from typing import Any, Final
from urllib.parse import quote

from starlette.routing import Match, Route

from callsheet.api.percent import unquote_to_bytes

Scope = Any

#: Characters that need no escape in a path: RFC 3986's pchar and the slash.
_SAFE: Final = "/:@!$&'()*+,;=~-._"

#: Where the scope of a request has the address that its connection comes from, which no header changes.
PEER: Final = "callsheet.peer"

#: Where the Admin API is; the same from base URLs that end in /v1 already, or in a slash.
ADMIN_PATH: Final = re.compile(rb"/+v1/+(?:v1/+)?organizations(?=/|\Z)")

#: Where the console is, and whatever is below it.
CONSOLE: Final = "/console"

#: Where calendars are; behind it comes the token.
CALENDARS: Final = "/calendars/"

#: Of a body of the Admin API.
MAX_ADMIN_BODY_BYTES: Final = 16 * 2**20

#: Of a form of the console.
MAX_FORM_BYTES: Final = 2**20

_SLASHES: Final = re.compile(r"/+")


def is_console(path: bytes) -> bool:
    """Return whether the console answers ``path``, a `local_path`."""
    root = CONSOLE.encode("ascii")
    return path == root or path.startswith(root + b"/")


class ExactRoute(Route):
    """A route for its path as it is written: a request that escapes characters of it asks for something else."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether ``scope``, whose ``raw_path`` is a `local_path`, is one of this route."""
        if scope.get("raw_path") != self.path.encode("ascii"):
            return Match.NONE, {}
        return super().matches(scope)


def local_path(scope: Scope, prefix: str = "") -> bytes:
    """Return the path as sent, percent-encoded, below the mount.

    ``raw_path`` keeps what ``path`` loses (an encoded slash, for one), but not every server sends it, and
    frameworks disagree on what a mount does: Starlette appends its prefix to ``root_path`` and leaves ``path``
    complete; Litestar removes it from ``path``, collapses repeated slashes there, and appends one; both leave
    ``raw_path`` complete.

    Parameters
    ----------
    scope
        Of an ASGI request.
    prefix
        Another prefix that requests may carry (the setting ``root_path``), for proxies that do not strip it.
    """
    root: str = scope.get("root_path", "")
    raw: bytes | None = scope.get("raw_path")
    if raw is not None and not root and not prefix and raw.decode("latin-1") == scope["path"]:
        return raw  # as for most requests: not mounted, and nothing escaped
    path = _below(scope["path"], root)
    sent = quote(path, safe=_SAFE) if raw is None else _as_sent(raw.partition(b"?")[0], path).decode("latin-1")
    return _below(sent, quote(prefix, safe=_SAFE)).encode("latin-1") or b"/"


def _below(path: str, prefix: str) -> str:
    rest = path[len(prefix) :]
    return rest if path.startswith(prefix) and rest[:1] in ("", "/") else path


def _as_sent(whole: bytes, path: str) -> bytes:
    """Return the end of ``whole``, percent-encoded, that ``path`` was decoded from, whatever its slashes."""
    decoded, wanted = _plain(whole), _SLASHES.sub("/", path).rstrip("/")
    if decoded == wanted or not decoded.endswith(wanted):
        return whole
    mounted = decoded[: len(decoded) - len(wanted)].count("/")
    segments = re.match(rb"(?:/+[^/]+){%d}" % mounted, whole) if mounted else None
    rest = whole[segments.end() :] if segments is not None else whole
    return rest if _plain(rest) == wanted else whole


def _plain(sent: bytes) -> str:
    """Return ``sent`` decoded as servers do, with repeated slashes collapsed, and none at the end."""
    return _SLASHES.sub("/", unquote_to_bytes(sent).decode("utf-8", "replace")).rstrip("/")
