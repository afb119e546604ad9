"""A gateway and a client at the level of sockets: they send and receive bytes, and do nothing by themselves."""

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Self

from tests.program import DEADLINE

#: An answer that ends the connection, so that none is kept from one test to the next.
OK: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"

_RESET: Final = struct.pack("ii", 1, 0)


class End:
    """One end of a connection.

    Parameters
    ----------
    connection
        A connected socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(DEADLINE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = connection
        self.received = b""

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self.socket.sendall(data)

    def until(self, marker: bytes) -> bytes:
        """Return what arrives up to ``marker``, with it; what is behind it waits for the next call."""
        while marker not in self.received:
            more = self.socket.recv(65536)
            assert more, f"the connection ended before {marker!r}: {self.received!r}"
            self.received += more
        before, _, self.received = self.received.partition(marker)
        return before + marker

    def exactly(self, count: int) -> bytes:
        """Return the next ``count`` bytes."""
        while len(self.received) < count:
            more = self.socket.recv(65536)
            assert more, f"the connection ended after {self.received!r}"
            self.received += more
        found, self.received = self.received[:count], self.received[count:]
        return found

    def head(self) -> "Head":
        """Return the head that arrives."""
        return Head(self.until(b"\r\n\r\n"))

    def rest(self) -> bytes:
        """Return what arrives until the other side ends the connection in the ordinary way."""
        while more := self.socket.recv(65536):
            self.received += more
        found, self.received = self.received, b""
        return found

    def is_cut(self) -> bool:
        """Wait until the other side ends the connection; return whether that was by a reset."""
        try:
            self.rest()
        except ConnectionResetError:
            return True
        return False

    def close(self) -> None:
        """End the connection in the ordinary way."""
        self.socket.close()

    def reset(self) -> None:
        """End the connection by a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.socket.close()


class Head:
    """A request line or status line, and the header lines below it."""

    def __init__(self, data: bytes) -> None:
        self.first, *lines = data.removesuffix(b"\r\n\r\n").split(b"\r\n")
        self.lines = lines
        self.headers = [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]

    def get(self, name: bytes) -> bytes | None:
        """Return the values of a header, joined; None if there is none."""
        found = [value for each, value in self.headers if each.lower() == name]
        return b", ".join(found) if found else None

    @property
    def status(self) -> int:
        """The number in a status line."""
        return int(self.first.split(b" ")[1])


class GatewayDouble:
    """Accepts the connections of a test, and does nothing by itself."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self._listener.settimeout(DEADLINE)
        self._ends: list[End] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def accept(self) -> End:
        """Return the next connection."""
        end = End(self._listener.accept()[0])
        self._ends.append(end)
        return end

    def close_ends(self) -> None:
        """Close all connections."""
        while self._ends:
            self._ends.pop().close()

    def has_connection(self) -> bool:
        """Return whether another connection was made."""
        self._listener.setblocking(False)
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        finally:
            self._listener.settimeout(DEADLINE)
        return True

    def close(self) -> None:
        """Accept no more."""
        self._listener.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def client_of(port: int) -> Iterator[End]:
    """A connection to the server."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE) as connection:
        yield End(connection)


def request(line: str = "POST /v1/messages", *lines: str, body: bytes = b"") -> bytes:
    """A request with a ``host``; its length is stated if it has a body."""
    stated = [f"content-length: {len(body)}"] if body else []
    return "\r\n".join([f"{line} HTTP/1.1", "host: callsheet", *stated, *lines, "", ""]).encode("latin-1") + body


def dechunked(body: bytes) -> bytes:
    """The content of a body in chunks, which must be complete and without trailers."""
    found = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        assert re.fullmatch(rb"[0-9a-f]+", size), size
        if size == b"0":
            assert body == b"\r\n"
            return found
        count = int(size, 16)
        found, ending, body = found + body[:count], body[count : count + 2], body[count + 2 :]
        assert ending == b"\r\n"
