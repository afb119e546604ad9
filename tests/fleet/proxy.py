"""A network between replicas and PostgreSQL that can go silent, be cut, or lose notifications."""

import asyncio
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")

#: How PostgreSQL marks a message that tells of a NOTIFY.
_NOTIFICATION: Final = b"A"

#: How a client asks for encryption, before anything else: a length and a code. The answer is one byte.
_SSL_REQUEST: Final = struct.pack("!II", 8, 80877103)
_GSS_REQUEST: Final = struct.pack("!II", 8, 80877104)


class Proxy:
    """Forwards connections to a port of this machine, on a thread of its own.

    Parameters
    ----------
    target
        The port of PostgreSQL.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.loses_notifications = False
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()
        self._forwarding: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._server = self._call(self._start())
        self.port: int = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End every connection at once, as a router does that restarts."""
        self._loop.call_soon_threadsafe(self._abort)

    def hold(self) -> None:
        """Forward nothing any more, and say nothing: a network that is gone."""
        self._loop.call_soon_threadsafe(self._flowing.clear)

    def release(self) -> None:
        """Forward again, what was held back first."""
        self._loop.call_soon_threadsafe(self._flowing.set)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _end(self) -> None:
        self._server.close()
        self._flowing.set()
        self._abort()
        await asyncio.gather(*self._forwarding, return_exceptions=True)

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._forwarding.add(task)
        self._writers.add(to_client)
        with suppress(OSError, asyncio.IncompleteReadError):
            server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers.add(to_server)
            await self._greet(client, to_client, to_server)
            await asyncio.gather(self._up(client, to_server), self._down(server, to_client), return_exceptions=True)
            self._writers.discard(to_server)
            to_server.transport.abort()
        self._writers.discard(to_client)
        to_client.transport.abort()
        self._forwarding.discard(task)

    async def _greet(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter, to_server: asyncio.StreamWriter
    ) -> None:
        """Refuse encryption, so that what follows are messages."""
        first = await client.readexactly(8)
        while first in (_SSL_REQUEST, _GSS_REQUEST):
            to_client.write(b"N")
            first = await client.readexactly(8)
        to_server.write(first)

    async def _up(self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        while chunk := await client.read(65536):
            await self._flowing.wait()
            if to_server.is_closing():
                return
            to_server.write(chunk)
        to_server.transport.abort()

    async def _down(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            while True:
                kind = await server.readexactly(1)
                head = await server.readexactly(4)
                body = await server.readexactly(int.from_bytes(head) - 4)
                await self._flowing.wait()
                if to_client.is_closing():
                    return
                if kind != _NOTIFICATION or not self.loses_notifications:
                    to_client.write(kind + head + body)
        finally:
            to_client.transport.abort()
