"""Where in the app a request points, whatever the app is mounted under."""

from typing import Any
from urllib.parse import quote, unquote

Scope = Any

#: What may stand unescaped in a path: RFC 3986's pchar and the slash.
_SAFE = "/:@!$&'()*+,;=~-._"


def local_path(scope: Scope, prefix: str = "") -> bytes:
    """Return the path as sent, percent-encoded, below the mount.

    ``raw_path`` keeps what ``path`` has lost (an encoded slash, for one), but not every server sends it, and
    frameworks disagree on what a mount does: Starlette appends its prefix to ``root_path`` and leaves ``path``
    whole, Litestar takes it off ``path`` and puts a slash at the end; both leave ``raw_path`` whole.

    Parameters
    ----------
    scope
        Of an ASGI request.
    prefix
        One more prefix that requests may carry (the setting ``root_path``), for proxies that do not strip it.
    """
    root: str = scope.get("root_path", "")
    raw: bytes | None = scope.get("raw_path")
    if raw is not None and not root and not prefix and raw.decode("latin-1") == scope["path"]:
        return raw  # as most requests are: nothing is mounted, and nothing escaped
    path = _below(scope["path"], root)
    sent = quote(path, safe=_SAFE) if raw is None else _as_sent(raw.partition(b"?")[0].decode("latin-1"), path)
    return _below(sent, quote(prefix, safe=_SAFE)).encode("latin-1") or b"/"


def _below(path: str, prefix: str) -> str:
    rest = path[len(prefix) :]
    return rest if path.startswith(prefix) and rest[:1] in ("", "/") else path


def _as_sent(whole: str, path: str) -> str:
    """The end of ``whole``, percent-encoded, that ``path`` was decoded from; a slash at the end may differ."""
    if whole == path:
        return whole
    decoded, wanted = unquote(whole).rstrip("/"), path.rstrip("/")
    if decoded == wanted or not decoded.endswith(wanted):
        return whole
    mount = decoded[: len(decoded) - len(wanted)]
    rest = "".join(f"/{segment}" for segment in whole.split("/", mount.count("/") + 1)[mount.count("/") + 1 :])
    return rest if unquote(rest).rstrip("/") == wanted else whole
