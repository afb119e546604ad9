"""Guard: where a source may lead that is set over the Admin API, which may be called from anywhere."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from callsheet.domain.addresses import AllowedAddresses, holds_credentials
from callsheet.domain.errors import InvalidError, SourceError
from callsheet.service.resolving import Resolve, resolve

SETTING: Final = "sources_private"

_USUAL_PORTS: Final = {"http": 80, "https": 443}


class PrivateAddressError(InvalidError):
    """The Admin API may not set a source to an address that is not public.

    Parameters
    ----------
    subject
        The address, or the host and its address, as the beginning of a sentence that ends with "is not public".
    """

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"{subject} is not public; to let the Admin API set sources there, name it in the setting {SETTING}, "
            "or set the source on the command line of the host."
        )
        self.subject = subject


class UpstreamGuard:
    """Refuses upstreams that only this machine or its network reaches.

    Parameters
    ----------
    private
        Addresses and networks that are allowed although they are not public; see `AllowedAddresses`. Those at which
        cloud providers answer with credentials never are.
    resolve
        Finds the addresses of a host.
    """

    def __init__(self, private: Sequence[str] = (), resolve: Resolve = resolve) -> None:
        self._allowed = AllowedAddresses(private)
        self._resolve = resolve

    def check(self, url: str) -> None:
        """Check that the Admin API may set a source to ``url``; it may take as long as a name server does.

        A host that has no address at present is let through, as a proxy may know it.

        Raises
        ------
        InvalidError
            One of the addresses of its host is not allowed; a `PrivateAddressError` if that is not public.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port or _USUAL_PORTS.get(parts.scheme, 0)
            addresses = self._resolve(host, port) if host else ()
        except (OSError, ValueError):  # no address, or no URL, which is refused elsewhere
            return
        for address in addresses:
            has = address if address == host else f"The host {host} has the address {address}, which"
            if holds_credentials(address):
                raise InvalidError(f"{has} {_CREDENTIALS}")
            if not self._allowed.allows(address):
                raise PrivateAddressError(has)

    def check_peer(self, url: str, address: str) -> None:
        """Check where a connection has led that the Admin API asked for; its name may mean another address by now.

        Where a proxy is used, that is the address of the proxy, which the operator chose.

        Raises
        ------
        SourceError
            The address is not allowed.
        """
        check_peer(url, address)
        parts = urlsplit(url)
        is_proxied = parts.scheme in getproxies() and not proxy_bypass(parts.hostname or "")
        if not is_proxied and not self._allowed.allows(address):
            raise SourceError(f"{url} leads to {address}, which is not public.")


def check_peer(url: str, address: str) -> None:
    """Raise SourceError if the source at ``url`` has led to ``address``, and no source may."""
    if holds_credentials(address):
        raise SourceError(f"{url} leads to {address}, which {_CREDENTIALS}")


_CREDENTIALS: Final = "is an address at which cloud providers answer with credentials; no source is asked there."
