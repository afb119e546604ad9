"""HTTP1Transport: sends requests for an HTTP client of httpx2, in less time than its own transport.

It is for servers that are asked many small questions: requests have no body, and there are no proxies here.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Final

import httpx2

from callsheet.http1.answer_head import AnswerHead
from callsheet.http1.answer_reader import AnswerFaultError, AnswerReader
from callsheet.http1.fields import is_well_formed

_PORTS: Final = {b"http": 80, b"https": 443}

#: Of a body, arrived and not yet read; the server waits while there is more.
_MAX_UNREAD_BYTES: Final = 256 << 10

#: What httpx2 calls an answer whose first line is of another protocol, and a connection that ended before one.
NOT_HTTP: Final = "illegal status line"
NO_ANSWER: Final = "Server disconnected without sending a response"
_INCOMPLETE: Final = "The body is not complete"


class HTTP1Transport(httpx2.AsyncBaseTransport):
    """Connections over which one request goes after the other, kept for a while, for one event loop.

    Parameters
    ----------
    trusted
        Certificates that servers are trusted by.
    connect_seconds
        Until a connection is there, TLS included.
    keep_seconds
        For which a connection is kept idle.
    """

    def __init__(self, trusted: ssl.SSLContext, connect_seconds: float, keep_seconds: float) -> None:
        self._trusted = trusted
        self._connect_seconds = connect_seconds
        self._keep_seconds = keep_seconds
        self._kept: dict[tuple[bytes, bytes, int], list[_Connection]] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, which has no body, and return the answer once its head is there.

        Raises
        ------
        httpx2.TransportError
            As httpx2's own transport does.
        """
        url = request.url
        if url.raw_scheme not in _PORTS or not is_well_formed(request.headers.raw):
            raise httpx2.LocalProtocolError("The request cannot be sent.")
        origin = url.raw_scheme, url.raw_host, url.port or _PORTS[url.raw_scheme]
        connection = self._take(origin) or await self._connect(*origin)
        try:
            head = await connection.ask(request)
        except BaseException:
            connection.close()
            raise
        body = _Body(connection, self, origin)
        return httpx2.Response(head.status, headers=list(head.headers), stream=body)

    def keep(self, connection: "_Connection", origin: tuple[bytes, bytes, int]) -> None:
        """Keep a connection for the next request, if its answer has been read."""
        if connection.is_reusable:
            connection.idle_since = asyncio.get_running_loop().time()
            self._kept.setdefault(origin, []).append(connection)
        else:
            connection.close()

    async def aclose(self) -> None:
        """Close the connections that are kept."""
        for connections in self._kept.values():
            for connection in connections:
                connection.close()
        self._kept.clear()

    def _take(self, origin: tuple[bytes, bytes, int]) -> "_Connection | None":
        """A connection that was used a moment ago, the latest first; those that are too old are closed."""
        oldest = asyncio.get_running_loop().time() - self._keep_seconds
        connections = self._kept.get(origin, [])
        while connections and (connections[0].idle_since < oldest or not connections[0].is_reusable):
            connections.pop(0).close()
        while connections:
            connection = connections.pop()
            if connection.is_reusable:
                return connection
            connection.close()
        return None

    async def _connect(self, scheme: bytes, host: bytes, port: int) -> "_Connection":
        trusted = self._trusted if scheme == b"https" else None
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection, host.decode("ascii").strip("[]"), port, ssl=trusted
                )
        except TimeoutError as error:
            raise httpx2.ConnectTimeout("") from error
        except OSError as error:
            raise httpx2.ConnectError("") from error
        return connection


class _Connection(asyncio.Protocol):
    """A connection to a server, and the answer that comes over it."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self._transport: asyncio.Transport
        self._reader: AnswerReader | None = None
        self._pieces: list[bytes] = []
        self._unread = 0
        self._is_paused = False
        self._error: httpx2.TransportError | None = None
        self._has_ended = False
        self._arrival: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Keep the transport."""
        self._transport = transport

    async def ask(self, request: httpx2.Request) -> AnswerHead:
        """Send the request; return the head of its answer."""
        self._reader = AnswerReader(request.method)
        lines = b"".join([b"%b: %b\r\n" % field for field in request.headers.raw])
        line = b"%b %b HTTP/1.1\r\n" % (request.method.encode("ascii"), request.url.raw_path)
        self._transport.write(b"%b%b\r\n" % (line, lines))
        while self._reader.head is None:
            await self._wait()
        return self._reader.head

    async def read(self) -> bytes:
        """Return what of the body has arrived since; empty at its end."""
        assert self._reader is not None  # noqa: S101  # it was asked
        while not self._pieces and not self._reader.is_complete:
            await self._wait()
        body = b"".join(self._pieces)
        self._pieces.clear()
        self._unread = 0
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
        return body

    async def _wait(self) -> None:
        """Wait until something arrives, or nothing more can."""
        if self._error is not None:
            raise self._error
        self._arrival = asyncio.get_running_loop().create_future()
        try:
            await self._arrival
        finally:
            self._arrival = None

    def data_received(self, data: bytes) -> None:
        """Read on in the answer; a connection over which anything else arrives cannot be used again."""
        reader = self._reader
        if reader is None or self._error is not None:
            self.close()
            return
        try:
            body = reader.feed(data)
        except AnswerFaultError:
            self._error = httpx2.RemoteProtocolError(NOT_HTTP if reader.head is None else "The body is not valid")
            self._transport.abort()
        else:
            if body:
                self._pieces.append(body)
                self._unread += len(body)
            if self._unread > _MAX_UNREAD_BYTES and not self._is_paused:
                self._is_paused = True
                self._transport.pause_reading()
        self._notify()

    def eof_received(self) -> bool:
        """Close the connection as well."""
        self._end(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer, which is complete if that was its end."""
        self._end(exc)

    def _end(self, reason: Exception | None) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        if self._error is None and (reader := self._reader) is not None:
            if reason is not None:
                self._error = httpx2.ReadError("")
            elif not reader.end():
                self._error = httpx2.RemoteProtocolError(NO_ANSWER if reader.head is None else _INCOMPLETE)
        self._notify()

    def _notify(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    @property
    def is_reusable(self) -> bool:
        """Whether another request can be sent."""
        reader = self._reader
        return reader is not None and reader.can_reuse and not self._has_ended and not self._transport.is_closing()

    def close(self) -> None:
        """End the connection at once."""
        self._transport.abort()


class _Body(httpx2.AsyncByteStream):
    """The body of an answer; its end gives the connection back."""

    def __init__(
        self, connection: _Connection, transport: HTTP1Transport, origin: tuple[bytes, bytes, int]
    ) -> None:
        self._connection = connection
        self._transport = transport
        self._origin = origin
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._connection.read():
            yield piece

    async def aclose(self) -> None:
        """Give the connection back, or close it if not all was read."""
        if not self._is_closed:
            self._is_closed = True
            self._transport.keep(self._connection, self._origin)
