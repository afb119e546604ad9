"""Where a proxy connects to, or listens: read so strictly that nothing in it can end a line of a configuration."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from callsheet.domain.errors import InvalidError

_MAX_PORT: Final = 65535
_MAX_NAME_CHARACTERS: Final = 253
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_LISTEN: Final = re.compile(r"(?:(.*):)?([0-9]{1,5})", re.ASCII)
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERY_ADDRESS: Final = frozenset({"", "*"})
_DIALECT: Final = "/v1"
_MAX_SHOWN_CHARACTERS: Final = 200


class Endpoint(NamedTuple):
    """A server: a lower-case host name, or an IPv4 or IPv6 address without brackets, and a port."""

    host: str
    port: int
    uses_tls: bool = False

    @property
    def scheme(self) -> str:
        """What its URL begins with."""
        return "https" if self.uses_tls else "http"

    @property
    def is_name(self) -> bool:
        """Whether its host has to be looked up."""
        return not (":" in self.host or _is_ipv4(self.host))

    @property
    def socket(self) -> str:
        """Host and port, an IPv6 address in brackets."""
        return f"{self._bracketed}:{self.port}"

    @property
    def authority(self) -> str:
        """What the header ``host`` holds in a request to it."""
        return self._bracketed if self.port == _DEFAULT_PORTS[self.scheme] else self.socket

    @property
    def url(self) -> str:
        """Its URL, without a slash at the end."""
        return f"{self.scheme}://{self.authority}"

    def is_same(self, other: "Endpoint") -> bool:
        """Return whether both name the same port of the same host, as far as the names show."""
        same_host = self.host == other.host or {self.host, other.host} <= _LOOPBACK
        return same_host and self.port == other.port

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


def read_url(url: str, option: str) -> Endpoint:
    """Return the server that ``url`` names; a ``/v1`` at its end does not count.

    Parameters
    ----------
    url
        As it was given.
    option
        The name of the option that it was given with, for the message.

    Raises
    ------
    InvalidError
        It is not the URL of an HTTP server, or has a user name, a password, a path, a query or a fragment. A
        password is never repeated.
    """
    shown = "its value" if "@" in url else repr(url[:_MAX_SHOWN_CHARACTERS])
    try:
        parts = urlsplit(url)
        host, port = _host(parts.hostname or ""), parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in _DEFAULT_PORTS or port == 0 or not url.isprintable() or " " in url:
        raise InvalidError(
            f"{option} needs the URL of an HTTP server, such as http://127.0.0.1:4000; {shown} is not one."
        )
    if "@" in parts.netloc:
        raise InvalidError(
            f"The URL of {option} holds a user name or password; leave it out, as clients send their own keys."
        )
    if parts.path.rstrip("/") not in ("", _DIALECT) or parts.query or parts.fragment:
        raise InvalidError(
            f"The URL of {option} has a path, query or fragment, which a route cannot add to what clients ask for; "
            f"end it after the host and port."
        )
    return Endpoint(host, port or _DEFAULT_PORTS[parts.scheme], parts.scheme == "https")


def read_address(address: str, option: str) -> Endpoint:
    """Return where to listen; the host is empty for all addresses of the machine.

    Raises
    ------
    InvalidError
        It is not ``ADDRESS:PORT``, ``:PORT`` or ``PORT``.
    """
    found = _LISTEN.fullmatch(address)
    host, port = (found[1] or "", int(found[2])) if found else ("", 0)
    known = "" if host in _EVERY_ADDRESS else _host(host.removeprefix("[").removesuffix("]").lower())
    if known is None or not 0 < port <= _MAX_PORT or (":" in known) != host.startswith("["):
        raise InvalidError(
            f"{option} needs an address and a port, such as 127.0.0.1:8080, [::1]:8080 or :8080; "
            f"{address[:_MAX_SHOWN_CHARACTERS]!r} is not that."
        )
    return Endpoint("127.0.0.1" if known == "localhost" else known, port)


def _host(host: str) -> str | None:
    """A host in its usual form; None if it is neither an address nor a name in ASCII."""
    if ":" in host:
        try:
            address = IPv6Address(host)
        except AddressValueError:
            return None
        return None if address.scope_id else str(address)
    if _is_ipv4(host):
        return host
    labels = host.removesuffix(".").split(".")
    is_name = all(map(_LABEL.fullmatch, labels)) and not labels[-1].isdigit()
    return host.removesuffix(".") if is_name and len(host) <= _MAX_NAME_CHARACTERS else None


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except AddressValueError:
        return False
    return True
