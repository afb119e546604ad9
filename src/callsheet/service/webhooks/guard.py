"""Guard: finds the addresses of a receiver, once for each attempt, and refuses those that are not public."""

from ipaddress import ip_address
from typing import Final, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from callsheet.domain.addresses import AllowedAddresses
from callsheet.domain.errors import InvalidError
from callsheet.service.resolving import Resolve

#: Addresses of one host that are tried.
MAX_ADDRESSES: Final = 4

SETTING: Final = "webhooks_private"


class UnresolvedError(Exception):
    """A host has no address, or none could be found out; the text is a sentence that says what to do."""


class Target(NamedTuple):
    """Where a request goes.

    Parameters
    ----------
    urls
        The URL with each address in place of the host: the addresses that were checked are those connected to.
    host
        The value of the header, with the port if it is not the usual one.
    server_name
        Of the certificate.
    """

    urls: tuple[str, ...]
    host: str
    server_name: str


def check_literal(url: str, allowed: AllowedAddresses) -> None:
    """Raise InvalidError if ``url`` names an address, and not one that webhooks may be sent to."""
    host = urlsplit(url).hostname or ""
    try:
        address = str(ip_address(host))
    except ValueError:
        return
    if not allowed.allows(address):
        raise InvalidError(
            f"{address} is not a public address; to let webhooks go there, name it in the setting {SETTING}."
        )


def find_target(url: str, allowed: AllowedAddresses, resolve: Resolve) -> Target:
    """Return where a request for ``url`` goes.

    Raises
    ------
    UnresolvedError
        The host has no address, or one to which webhooks may not be sent.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        addresses = resolve(host, port)[:MAX_ADDRESSES]
    except (OSError, UnicodeError):
        addresses = ()
    if not addresses:
        raise UnresolvedError(f"The host {host} has no address; check the URL, and the name server.")
    for address in addresses:
        if not allowed.allows(address):  # one is enough: which one is connected to must not be luck
            raise UnresolvedError(
                f"The host {host} has the address {address}, which is not public; to let webhooks go there, name "
                f"it in the setting {SETTING}."
            )
    urls = tuple(urlunsplit(parts._replace(netloc=f"{_bracketed(each)}:{port}")) for each in addresses)
    usual = parts.port is None or (parts.scheme, port) in (("https", 443), ("http", 80))
    shown = _bracketed(host) if ":" in host else host
    return Target(urls, shown if usual else f"{shown}:{port}", host)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
