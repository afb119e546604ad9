"""The Admin API on a listener that serves nothing else, beside that of the Models API and in the same process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from callsheet.http.app import CallsheetApp
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.connection.protocol import EnvelopeProtocol
from callsheet.http.paths import ADMIN_PATH, Scope, is_console, local_path


class _Config(ConnectionConfig):
    """uvicorn's configuration of the listener."""

    def __init__(self, app: Any, limits: ConnectionLimits, **options: Any) -> None:
        super().__init__(
            app,
            limits=limits,
            http=EnvelopeProtocol,
            callback_notify=self._sweep,
            timeout_notify=0,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            **options,
        )

    async def _sweep(self) -> None:
        await self.sweep.run(self.connections)


class _Server(uvicorn.Server):
    """A server that leaves signals to the one beside it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_admin(
    app: CallsheetApp, listener: socket.socket, limits: ConnectionLimits, **options: Any
) -> AsyncIterator[None]:
    """Serve the Admin API of ``app`` on ``listener`` until the block ends.

    Parameters
    ----------
    app, listener
        What is served, and where.
    limits
        What callers may take.
    options
        Of uvicorn: which proxies are trusted, and how long connections stay.
    """

    async def door(scope: Scope, receive: Any, send: Any) -> None:
        path = local_path(scope, app.prefix)
        is_known = is_console(path) or (ADMIN_PATH.match(path) is not None and app.admin.is_on)
        await app.administer({**scope, "raw_path": path if is_known else b"/"}, receive, send)

    server = _Server(_Config(door, limits, **options))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
