"""People whom an authenticating proxy names in a header of their requests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.http.paths import PEER

#: Of the name of a person.
MAX_NAME_CHARACTERS: Final = 128


@dataclass(frozen=True, slots=True)
class ProxyUsers:
    """Whom to believe, and what those may do who are named.

    Parameters
    ----------
    header
        The name of the header, in small letters.
    scopes
        What each person may do.
    proxies
        Addresses and networks of the proxies.
    """

    header: str
    scopes: tuple[Scope, ...]
    proxies: Sequence[str]

    def name_in(self, scope: Mapping[str, Any]) -> str | None:
        """Return who sends a request; None if no proxy that is believed names anyone, or it names two.

        Only the address that the connection comes from counts: every other one is what someone says.
        """
        peer = scope.get(PEER)
        if peer is None or not self._believes(peer[0]):
            return None
        wanted = self.header.encode("ascii")
        values = [value for name, value in scope["headers"] if name == wanted]
        return _read_name(values[0]) if len(values) == 1 else None

    def _believes(self, text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:  # a socket of this machine, or nothing that is known
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in ip_network(each, strict=False) for each in self.proxies)


def _read_name(value: bytes) -> str | None:
    try:
        name = value.decode()
    except UnicodeDecodeError:
        name = value.decode("latin-1")
    name = name.strip()
    return name if name.isprintable() and 1 <= len(name) <= MAX_NAME_CHARACTERS else None
