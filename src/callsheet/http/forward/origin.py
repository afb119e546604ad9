"""Who asks, as the gateway gets to know: ``x-forwarded-for``, ``-proto`` and ``-host``, and ``via``."""

from collections.abc import Sequence
from typing import Final

from callsheet.api.request import Header

#: How this server calls itself in ``via``; by that it knows a request that comes back.
VIA: Final = b"1.1 callsheet"

_FOR: Final = b"x-forwarded-for"

#: Fields by which proxies say who asks. From anybody else, they are claims that nothing supports.
_CLAIMS: Final = frozenset(
    {
        b"forwarded",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-server",
        b"x-real-ip",
        _FOR,
    }
)


def has_come_through(headers: Sequence[Header]) -> bool:
    """Return whether a request names this program in ``via``."""
    name = VIA.partition(b" ")[2]
    return any(
        hop.split()[1:2] == [name]
        for each, value in headers
        if each.lower() == b"via"
        for hop in value.lower().split(b",")
    )


def with_origin(headers: Sequence[Header], host: bytes, peer: str, *, is_trusted: bool) -> list[Header]:
    """Return the headers of a request with who sent it, for the gateway.

    Parameters
    ----------
    headers
        Of the request, end to end, without its ``host``.
    host
        What it asked for.
    peer
        The address that it came from; empty if that is unknown.
    is_trusted
        Whether that is a proxy whose own account of who asked is passed on.
    """
    kept = [header for header in headers if is_trusted or _as_variable(header[0]) not in _CLAIMS]
    names = {name for name, _ in kept}
    before = [value for name, value in kept if name == _FOR and value]
    via = [value for name, value in kept if name == b"via" and value]
    kept = [header for header in kept if header[0] not in (_FOR, b"via")]
    chain = [*before, *([peer.encode("ascii", "replace")] if peer else [])]
    if chain:
        kept.append((_FOR, b", ".join(chain)))
    if b"x-forwarded-proto" not in names:
        kept.append((b"x-forwarded-proto", b"http"))
    if b"x-forwarded-host" not in names and host:
        kept.append((b"x-forwarded-host", host))
    kept.append((b"via", b", ".join([*via, VIA])))
    return kept


def _as_variable(name: bytes) -> bytes:
    """A name as servers see it that hand headers over as variables (CGI, WSGI): to them, both signs are one."""
    return name.replace(b"_", b"-")
