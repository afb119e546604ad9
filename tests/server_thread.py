"""uvicorn's server in a thread of the tests, which stops as soon as it is to."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import uvicorn

#: How often uvicorn's server looks after itself, in seconds.
_TICK: Final = 0.1


class ServerThread(uvicorn.Server):
    """uvicorn's server, in a thread from the moment it is made.

    That of uvicorn looks ten times a second whether it is to stop, and then waits a tenth of a second for callers;
    hundreds of tests would wait with it.

    Parameters
    ----------
    config
        Of the server.
    sockets
        Where to listen; where ``config`` says, if there are none.
    """

    def __init__(self, config: uvicorn.Config, sockets: Sequence[socket.socket] = ()) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self.run, args=([*sockets] or None,))
        self._thread.start()

    def stop(self) -> None:
        """Stop as uvicorn does on a signal, and wait until that is done."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has been closed
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=30)
        assert not self._thread.is_alive(), "the server did not stop"

    async def main_loop(self) -> None:
        """Look after the server until it is to stop."""
        self._loop = asyncio.get_running_loop()
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _TICK)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let callers have their answers, for as long as the configuration says, and end the application."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        try:
            await asyncio.wait_for(self._wait_tasks_to_complete(), self.config.timeout_graceful_shutdown)
        except TimeoutError:
            for task in self.server_state.tasks:
                task.cancel()
        await self.lifespan.shutdown()
