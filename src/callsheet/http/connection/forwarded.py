"""ForwardedClients: who a client behind trusted proxies is, by uvicorn's rules."""

from typing import Final

from uvicorn.middleware.proxy_headers import _TrustedHosts

from callsheet.http.observer import Client

#: Values of ``x-forwarded-for`` whose meaning is remembered; with one more, all are forgotten.
MAX_VALUES: Final = 8192
_MAX_VALUE_BYTES: Final = 256  # longer ones are read each time


class ForwardedClients:
    """What `uvicorn.middleware.proxy_headers.ProxyHeadersMiddleware` says of clients, remembered.

    Parameters
    ----------
    trusted
        Addresses and networks of proxies, as the setting ``trusted_proxies`` has them.
    """

    def __init__(self, trusted: list[str] | str) -> None:
        self._trusted = _TrustedHosts(trusted)
        self._clients: dict[bytes, Client] = {}

    def trusts(self, peer: Client) -> bool:
        """Return whether ``peer`` may say whom it asks for."""
        return (peer[0] if peer else None) in self._trusted

    def find(self, forwarded: bytes, peer: Client) -> Client:
        """Return the client that the values of ``x-forwarded-for``, joined by commas, name.

        It is ``peer``, which is trusted, if they name none.
        """
        known = self._clients.get(forwarded)
        if known is not None:
            return known
        host, port = self._trusted.get_trusted_client_address(forwarded.decode("latin-1"))
        if not host:
            return peer
        client = host, port
        if len(forwarded) <= _MAX_VALUE_BYTES:
            if len(self._clients) >= MAX_VALUES:
                self._clients.clear()
            self._clients[forwarded] = client
        return client
