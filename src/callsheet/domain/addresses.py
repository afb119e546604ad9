"""Addresses: which of them requests may be sent to, so that none reaches what only this machine can reach."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

ANY: Final = "*"

#: Prefixes whose last 32 bits are an IPv4 address that a translator sends to: of the standard, and of a site.
_TRANSLATED: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48")))
_COMPATIBLE: Final = IPv6Network("::/96")

#: Reserved for protocols; Python before 3.11.10 says that most of them are public.
_PROTOCOLS: Final = IPv4Network("192.0.0.0/24")

#: Where cloud providers answer with credentials or with the configuration of a machine.
_CREDENTIALS: Final = frozenset(
    map(
        ip_address,
        (
            *("169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "168.63.129.16"),
            *("192.0.0.192", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254"),
        ),
    )
)


class AllowedAddresses:
    """Which addresses requests may be sent to: public ones, and what the operator allows beside them.

    Parameters
    ----------
    private
        Addresses and networks that are allowed although they are not public; ``*`` stands for every private or
        loopback address, but not for those at which cloud providers answer with credentials.
    """

    def __init__(self, private: Sequence[str] = ()) -> None:
        self._any_private = ANY in private
        self._networks: list[Network] = [ip_network(each, strict=False) for each in private if each != ANY]

    def allows(self, text: str) -> bool:
        """Return whether the address ``text`` may be connected to, with every address that it leads on to."""
        try:
            address = ip_address(text)
        except ValueError:  # not an address at all
            return False
        return all(map(self._allows, _reached_through(address)))

    def _allows(self, address: Address) -> bool:
        if address.is_multicast or address.is_unspecified:
            return False
        if any(address in network for network in self._networks):
            return True
        if address.is_loopback:
            return self._any_private
        if address.is_link_local or address.is_reserved or address in _CREDENTIALS:
            return False
        is_public = address.is_global and address not in _PROTOCOLS
        is_public = is_public and not (isinstance(address, IPv6Address) and address.is_site_local)
        return is_public or self._any_private


def holds_credentials(text: str) -> bool:
    """Return whether cloud providers answer with credentials at the address ``text``, or at one it leads on to."""
    try:
        address = ip_address(text)
    except ValueError:  # not an address at all
        return False
    return not _CREDENTIALS.isdisjoint(_reached_through(address))


def _reached_through(address: Address) -> Iterator[Address]:
    """The address itself, or the IPv4 address that it stands for; with those that it tunnels to."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    if any(address in network for network in _TRANSLATED):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
        return
    yield IPv6Address(int(address))  # without the name of an interface
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _COMPATIBLE and int(address) > 1:
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
