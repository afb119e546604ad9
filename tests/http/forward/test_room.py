"""However much goes through, and however slowly it is taken, this server holds little of it and answers lists."""

import re
import threading
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import pytest

from tests.doors import HTTPDoor
from tests.http.forward.conftest import StartServer
from tests.http.forward.double import OK, End, GatewayDouble, client_of, request
from tests.program import wait_for
from tests.tiers import first

_PIECE: Final = bytes(256 * 1024)
_MAX_GROWTH_BYTES: Final = 64 * 2**20
_MAX_BUFFERED_BYTES: Final = 24 * 2**20  # of one direction: what two systems' buffers hold, and ours


class Memory:
    """How much memory this process, which has client, server and gateway in it, took at most since it was made."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")  # forget the peak
        self._before = self._read("VmRSS")

    @property
    def growth(self) -> int:
        """In bytes."""
        return self._read("VmHWM") - self._before

    @staticmethod
    def _read(name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found is not None
        return int(found[1]) * 1024


def discard(end: End, count: int) -> None:
    """Read that many bytes."""
    buffer = bytearray(len(_PIECE))
    left = count - len(end.received)
    end.received = b""
    while left > 0:
        read = end.socket.recv_into(buffer, min(left, len(buffer)))
        assert read, f"{left} bytes were missing"
        left -= read


def send_pieces(end: End, count: int) -> None:
    """Send that many bytes."""
    for _ in range(count // len(_PIECE)):
        end.send(_PIECE)


def fill(end: End) -> int:
    """Send until nothing more is taken; return how many bytes were."""
    sent = 0
    end.socket.settimeout(0.3)
    with suppress(TimeoutError):
        while sent < 2 * _MAX_BUFFERED_BYTES:
            sent += end.socket.send(_PIECE)
    return sent


@pytest.mark.parametrize("mebibytes", first([64, 1024]))
def test_an_upload_of_any_size_goes_through_little_memory(
    server: HTTPDoor, gateway: GatewayDouble, mebibytes: int
) -> None:
    size = mebibytes * 2**20
    memory = Memory()
    with client_of(server.port) as client:
        client.send(request("POST /v1/files", f"content-length: {size}"))
        end = gateway.accept()
        end.head()
        sending = threading.Thread(target=send_pieces, args=(client, size))
        sending.start()
        discard(end, size)
        sending.join()
        end.send(OK)
        assert client.head().status == 200
    assert memory.growth < _MAX_GROWTH_BYTES


@pytest.mark.parametrize("mebibytes", first([64, 1024]))
def test_an_answer_of_any_size_goes_through_little_memory(
    server: HTTPDoor, gateway: GatewayDouble, mebibytes: int
) -> None:
    size = mebibytes * 2**20
    memory = Memory()
    with client_of(server.port) as client:
        client.send(request("GET /v1/files/x/content"))
        end = gateway.accept()
        end.head()
        end.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
        sending = threading.Thread(target=send_pieces, args=(end, size))
        sending.start()
        client.head()
        discard(client, size)
        sending.join()
    assert memory.growth < _MAX_GROWTH_BYTES


def test_a_client_is_read_no_further_than_the_gateway_reads(server: HTTPDoor, gateway: GatewayDouble) -> None:
    with client_of(server.port) as client:
        client.send(request("POST /x", f"content-length: {2**30}"))
        end = gateway.accept()
        end.head()
        assert fill(client) < _MAX_BUFFERED_BYTES


@pytest.mark.parametrize("framing", [f"content-length: {2**30}", "transfer-encoding: chunked"])
def test_a_gateway_is_read_no_further_than_the_client_reads(
    server: HTTPDoor, gateway: GatewayDouble, framing: str
) -> None:
    with client_of(server.port) as client:
        client.send(request("GET /x"))
        end = gateway.accept()
        end.head()
        chunk = b"%x\r\n" % 2**30 if "chunked" in framing else b""
        end.send(f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode() + chunk)
        client.head()
        sent = fill(end)
        assert sent < _MAX_BUFFERED_BYTES
        assert server.get("/v1/models").status == 200
        unread = server.server.config.unread  # type: ignore[attr-defined]  # it is a ServerConfig
        assert unread.total == 0
        discard(client, sent)  # and it goes on from there
        end.socket.settimeout(None)
        end.send(_PIECE)
        discard(client, len(_PIECE))


@pytest.mark.parametrize("count", first([100, 1_000]))
def test_lists_are_answered_while_many_streams_are_open(
    start_server: StartServer, gateway: GatewayDouble, count: int
) -> None:
    server = start_server(forward_max_requests=count)
    metrics = server.app.forward.metrics  # type: ignore[union-attr]
    with ExitStack() as opened:
        clients, ends = [], []
        for _ in range(count):
            client = opened.enter_context(client_of(server.port))
            client.send(request())
            end = gateway.accept()
            end.head()
            end.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
            clients.append(client)
            ends.append(end)
        for client in clients:
            client.until(b"1\r\na\r\n")
        assert metrics.open == count
        for end in ends:
            end.send(b"1\r\nb\r\n")
        assert server.get("/v1/models").status == 200
        for client in clients:
            client.until(b"1\r\nb\r\n")
        for end in ends[: count // 2]:
            end.send(b"0\r\n\r\n")
        for client in clients[: count // 2]:
            client.until(b"0\r\n\r\n")
        assert server.get("/v1/models").status == 200
        for end in ends[: count // 2]:
            end.close()
    wait_for(lambda: not metrics.open)


def test_a_server_that_stops_lets_a_stream_end(start_server: StartServer, gateway: GatewayDouble) -> None:
    server = start_server()
    with client_of(server.port) as client:
        client.send(request())
        end = gateway.accept()
        end.head()
        end.send(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n")
        client.until(b"1\r\na\r\n")
        server.server.should_exit = True
        wait_for(lambda: not server.server.servers[0].is_serving())
        end.send(b"1\r\nb\r\n0\r\n\r\n")
        assert client.until(b"0\r\n\r\n") == b"1\r\nb\r\n0\r\n\r\n"
        assert client.rest() == b""
        assert end.rest() == b""
