"""A connection without a socket: bytes in, bytes out, through the very protocol classes that uvicorn runs."""

import asyncio
import re
from collections.abc import Iterable
from typing import Any

from uvicorn.server import ServerState

from callsheet.http.app import CallsheetApp
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.serve.config import ServerConfig

DATE = (b"date", b"Sat, 21 Nov 2026 00:00:00 GMT")

_REQUEST_ID = re.compile(rb"req_01[1-9A-HJ-NP-Za-km-z]{22}")


class Wire(asyncio.Transport):
    """What a protocol writes, kept."""

    def __init__(self, peer: tuple[str, int] | None = None) -> None:
        super().__init__()
        self.peer = peer
        self.sent = b""
        self.closed = False
        self.reading = True
        self.aborted = False
        self.unsent = 0  # bytes that the caller has not read

    def write(self, data: Any) -> None:
        assert not self.closed, "written after close"
        self.sent += bytes(data)

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def can_write_eof(self) -> bool:
        return False  # as over TLS

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.peer if name == "peername" else default


class Socket(Wire):
    """A wire that can be closed in one direction, as TCP can."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = False

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True


class Line:
    """One connection, to be used within a running event loop."""

    def __init__(self, app: CallsheetApp, *, fast: bool, **options: Any) -> None:
        peer = options.pop("peer", None)
        chosen = {name: options.pop(name) for name in ConnectionLimits._fields if name in options}
        limits = ConnectionLimits(app.live.current.options.max_url_bytes, 4096, 256)._replace(**chosen)
        self.config = ServerConfig(
            app, limits=limits, fast=fast, ws="none", log_config=None, access_log=False, **options
        )
        self.config.load()
        self.state = ServerState()
        self.state.default_headers = [DATE]
        self.wire = Wire(peer)
        self.protocol = self._connect(self.wire)

    def _connect(self, wire: Wire) -> Any:
        loop = asyncio.get_running_loop()
        protocol: Any = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.state, app_state={}, _loop=loop
        )
        protocol.connection_made(wire)
        return protocol

    def another(self, data: bytes = b"") -> Wire:
        """Make one more connection to the same server, over which ``data`` arrive."""
        wire = Wire()
        protocol = self._connect(wire)
        if data:
            protocol.data_received(data)
        return wire

    def reconnect(self) -> Socket:
        """Go on over a new connection, by TCP."""
        self.protocol.connection_lost(None)
        self.wire = wire = Socket()
        self.protocol = self._connect(wire)
        return wire

    async def feed(self, chunks: Iterable[bytes]) -> None:
        """Let the chunks arrive one after the other, each answered as far as it can be."""
        for chunk in chunks:
            if self.wire.closed:
                return
            self.protocol.data_received(chunk)
            await self.settle()

    async def settle(self) -> None:
        """Wait until nothing is being answered."""
        while self.state.tasks:
            await asyncio.sleep(0)

    @property
    def said(self) -> tuple[bytes, bool]:
        """What was sent, request ids aside, and whether the connection was closed then."""
        return _REQUEST_ID.sub(b"req_X", self.wire.sent), self.wire.closed
