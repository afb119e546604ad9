"""Gateway: where it is, and the connections to it, of which some are kept for the next request."""

import asyncio
import re
import select
import ssl
from collections import deque
from typing import Final, Protocol
from urllib.parse import urlsplit

from callsheet.http.forward.limits import MAX_KEPT_CONNECTIONS, ForwardLimits
from callsheet.http.forward.refusal import away

#: How long a connection is kept idle. Gateways close idle ones after two seconds and more; a request that is sent
#: just then would be lost.
_KEEP_SECONDS: Final = 1.5

_PORTS: Final = {"http": 80, "https": 443}
_VERSION: Final = re.compile(r"/v1/*\Z")


class AnswerReceiver(Protocol):
    """What a connection passes on what happens to it."""

    def answer_received(self, data: bytes) -> None:
        """More of the answer has arrived."""

    def gateway_lost(self, *, is_clean: bool) -> None:
        """The gateway has closed the connection."""

    def pause_request(self) -> None:
        """The gateway does not take more of the request for now."""

    def resume_request(self) -> None:
        """It does again."""


class GatewayConnection(asyncio.Protocol):
    """A connection to the gateway, which serves one request after the other.

    Parameters
    ----------
    kept
        Where it is while it is idle.
    """

    def __init__(self, kept: "deque[GatewayConnection]") -> None:
        self.transport: asyncio.Transport
        self.receiver: AnswerReceiver | None = None
        self.is_paused = False
        self.idle_since = 0.0
        self._kept = kept

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Pass on what has arrived; an idle connection over which anything arrives cannot be used again."""
        if self.receiver is None:
            self.close()
        else:
            self.receiver.answer_received(data)

    def eof_received(self) -> bool:
        """Close the connection as well."""
        self._lose(is_clean=True)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that there is nothing more to come."""
        self._lose(is_clean=exc is None)

    def _lose(self, *, is_clean: bool) -> None:
        receiver, self.receiver = self.receiver, None
        if receiver is not None:
            receiver.gateway_lost(is_clean=is_clean)
        elif self in self._kept:
            self._kept.remove(self)

    def pause_writing(self) -> None:
        """Hold the client's body back."""
        self.is_paused = True
        if self.receiver is not None:
            self.receiver.pause_request()

    def resume_writing(self) -> None:
        """Take more of it."""
        self.is_paused = False
        if self.receiver is not None:
            self.receiver.resume_request()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has arrived over the idle connection, not even its end, also if that was not yet read."""
        if self.transport.is_closing():
            return False
        arrived = select.poll()
        arrived.register(self.transport.get_extra_info("socket"), select.POLLIN)
        return not arrived.poll(0)

    def close(self) -> None:
        """End the connection at once, whatever is under way."""
        self.receiver = None
        if self in self._kept:
            self._kept.remove(self)
        self.transport.abort()


class Gateway:
    """The gateway that requests are forwarded to.

    Proxies that the environment names are not used: the gateway is where the operator's own traffic goes anyway.

    Parameters
    ----------
    url
        Its base URL; ``/v1`` at the end of it does not count, as paths of requests begin with it.
    limits
        How long a connection may take.
    """

    def __init__(self, url: str, limits: ForwardLimits) -> None:
        parts = urlsplit(url)
        self._limits = limits
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._trusted = _trusted() if parts.scheme == "https" else None
        self.authority = parts.netloc.rpartition("@")[2].encode("idna" if not parts.netloc.isascii() else "ascii")
        """Host and port, for ``host``."""
        self.base = _VERSION.sub("", parts.path.rstrip("/")).rstrip("/").encode("ascii")
        """What paths of requests are put behind."""
        self._kept: deque[GatewayConnection] = deque()

    def take_kept(self) -> GatewayConnection | None:
        """Return a connection that was used a moment ago, the latest first; None if there is none."""
        now = asyncio.get_running_loop().time()
        while self._kept:
            connection = self._kept.pop()
            if now - connection.idle_since <= _KEEP_SECONDS and connection.is_quiet:
                return connection
            connection.close()
        return None

    async def connect(self) -> GatewayConnection:
        """Return a new connection.

        Raises
        ------
        RefusedRequestError
            The gateway cannot be reached.
        """
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: GatewayConnection(self._kept), self._host, self._port, ssl=self._trusted
                )
        except (OSError, TimeoutError, UnicodeError):
            raise away() from None
        return connection

    def keep(self, connection: GatewayConnection) -> None:
        """Keep a connection whose answer is complete, unless it has ended since."""
        if connection.transport.is_closing():
            return
        connection.idle_since = asyncio.get_running_loop().time()
        connection.transport.resume_reading()
        if len(self._kept) >= MAX_KEPT_CONNECTIONS:
            self._kept[0].close()
        self._kept.append(connection)

    def drop_idle(self) -> None:
        """Close the connections that were kept for too long."""
        now = asyncio.get_running_loop().time()
        while self._kept and now - self._kept[0].idle_since > _KEEP_SECONDS:
            self._kept[0].close()

    def close(self) -> None:
        """Close all connections that are kept."""
        while self._kept:
            self._kept[0].close()


def _trusted() -> ssl.SSLContext:
    """Return what the client of this program trusts, which variables such as SSL_CERT_FILE decide."""
    import httpx2  # slow to import, and few gateways are asked over TLS

    context = httpx2.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
