"""A connection to the gateway serves another request only while nothing has arrived over it."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from callsheet.http.forward.gateway import Gateway, GatewayConnection
from callsheet.http.forward.limits import ForwardLimits


@pytest.mark.parametrize(
    ("happens", "is_used"),
    [
        (lambda end: None, True),
        (lambda end: end.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"), False),
        (lambda end: end.close(), False),
    ],
    ids=["nothing", "an answer", "its end"],
)
def test_what_has_arrived_counts_before_the_event_loop_has_read_it(
    happens: Callable[[socket.socket], None], is_used: bool
) -> None:
    async def run() -> None:
        gateway = Gateway(f"http://127.0.0.1:{listener.getsockname()[1]}", ForwardLimits())
        connection = await gateway.connect()
        end = listener.accept()[0]
        gateway.keep(connection)
        happens(end)  # and the event loop does not turn
        found: GatewayConnection | None = gateway.take_kept()
        assert (found is connection) is is_used
        connection.close()
        end.close()
        await asyncio.sleep(0)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        asyncio.run(run())
