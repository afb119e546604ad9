"""Streams that no client means to send, while requests are forwarded: the gateway sees none that is not valid."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Final

import h11
import pytest

from tests.doors import HTTPDoor
from tests.hostile.streams import Secrets, Streams
from tests.hostile.target import OWN, make_installation
from tests.tiers import repeated

_PATIENCE_SECONDS: Final = 0.5  # for an answer; a stream that ends amid a request gets none
_AT_ONCE: Final = 50


class StrictGateway:
    """Answers every request that a strict parser accepts, and remembers what else came."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.wrong: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection; one that is cut amid a request is none of a hostile caller's successes."""
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=2**20)
        try:
            while data := await reader.read(65536):
                parser.receive_data(data)
                await self._answer(parser, writer)
        except h11.RemoteProtocolError as error:
            self.wrong.append(f"{error}: {data[:2000]!r}")
        except OSError:
            pass
        writer.close()

    async def _answer(self, parser: h11.Connection, writer: asyncio.StreamWriter) -> None:
        while (event := parser.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Request):
                self.requests.append(event.target)
            elif isinstance(event, h11.EndOfMessage):
                writer.write(parser.send(h11.Response(status_code=200, headers=[("content-length", "2")])) or b"")
                writer.write(parser.send(h11.Data(data=b"ok")) or b"")
                writer.write(parser.send(h11.EndOfMessage()) or b"")
                if parser.our_state is h11.MUST_CLOSE:
                    return
                parser.start_next_cycle()


@pytest.fixture
def strict_gateway() -> Iterator[tuple[StrictGateway, int]]:
    """A strict gateway on a loop of its own, and its port."""
    gateway, loop = StrictGateway(), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(gateway.serve, "127.0.0.1", 0))
    thread = Thread(target=loop.run_forever)
    thread.start()
    yield gateway, server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    loop.run_until_complete(asyncio.sleep(0))
    for task in asyncio.all_tasks(loop):
        task.cancel()
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
    loop.close()


def test_whatever_callers_send_the_gateway_sees_valid_requests(
    strict_gateway: tuple[StrictGateway, int], tmp_path: Path, template: Path
) -> None:
    gateway, port = strict_gateway
    seed = int.from_bytes(os.urandom(4))
    streams = Streams(seed, Secrets(OWN, "m", "a", "wrkspc_1"))
    wanted = [
        streams.make().replace(b"GET /v1/models", b"POST /v1/messages").replace(b"/v1/models", b"/x")
        for _ in range(repeated(300, 3_000))
    ]
    door = HTTPDoor(make_installation(tmp_path, template))
    door.set_up(gateway=f"http://127.0.0.1:{port}", forward=True)
    try:
        asyncio.run(_send_all(door.port, wanted))
    finally:
        door.close()
    assert not gateway.wrong, f"seed {seed}\n{gateway.wrong[:3]}"
    assert len(gateway.requests) > 50


async def _send_all(port: int, wanted: list[bytes]) -> None:
    room = asyncio.Semaphore(_AT_ONCE)

    async def send(stream: bytes) -> None:
        async with room:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with suppress(OSError, TimeoutError):
                writer.write(stream)
                await asyncio.wait_for(reader.read(65536), _PATIENCE_SECONDS)
            writer.transport.abort()

    await asyncio.gather(*map(send, wanted))
