"""Another gateway, as small as can be: it says what it was asked, streams messages, and takes uploads."""

import hashlib
import json
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.program import DEADLINE, wait_for


class Gateway:
    """Answers with what it was asked.

    A POST of messages is a stream of two events with pings between them; the second comes when `let_go` is set.

    Parameters
    ----------
    tls
        With which it speaks TLS.
    name
        What it says in ``x-answered-by``.

    Attributes
    ----------
    status
        Of its answers, but for those to ``/readyz``.
    left
        Set when a reader of a stream has closed its connection.
    received
        Bytes of all bodies.
    callers
        Addresses of the connections on which anything but ``/readyz`` was asked for.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, name: str = "gateway") -> None:
        self.name = name
        self.status = 200
        self.let_go = threading.Event()
        self.left = threading.Event()
        self.received = 0
        self.callers: set[object] = set()
        self._server = _Server(self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def wait_for_bytes(self, count: int) -> None:
        """Wait until so much of bodies has arrived."""
        wait_for(lambda: self.received >= count, f"{count} bytes at the gateway")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._thread.join(DEADLINE)
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A proxy may close a connection when it likes; anything else is printed."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        if self.headers.get("upgrade") == "websocket":
            self._echo()
        else:
            self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_OPTIONS(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        if self.path.endswith("/messages"):
            self._stream()
        else:
            self._answer()

    def _answer(self) -> None:
        gateway, body = self.server.gateway, self._body()
        asked = {
            "gateway": self.requestline.split()[1],  # `path` has one slash where two were sent
            "method": self.command,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "bytes": len(body),
            "digest": hashlib.sha256(body).hexdigest(),
        }
        is_check = self.path == "/readyz"
        if not is_check:
            gateway.callers.add(self.client_address)
        written = json.dumps(asked).encode()
        self.send_response(200 if is_check else gateway.status)
        self.send_header("x-answered-by", gateway.name)
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(written)

    def _stream(self) -> None:
        gateway, _ = self.server.gateway, self._body()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self.wfile.write(b"data: first\n\n")
            while not gateway.let_go.wait(0.01):
                self.wfile.write(b": ping\n\n")
            self.wfile.write(b"data: second\n\n")
        except ConnectionError:
            gateway.left.set()

    def _echo(self) -> None:
        """Switch protocols, and send back one line."""
        self.send_response(101)
        self.send_header("connection", "Upgrade")
        self.send_header("upgrade", "websocket")
        self.send_header("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")  # to the key in RFC 6455
        self.end_headers()
        self.close_connection = True
        self.wfile.write(self.rfile.readline())

    def _body(self) -> bytes:
        pieces = []
        for size in self._sizes():
            left = size
            while left and (piece := self.rfile.read1(left)):
                pieces.append(piece)
                left -= len(piece)
                self.server.gateway.received += len(piece)
        return b"".join(pieces)

    def _sizes(self) -> Iterator[int]:
        """Of the pieces of a body; each is read before the next is asked for."""
        if self.headers.get("transfer-encoding") != "chunked":
            yield int(self.headers.get("content-length", 0))
            return
        while size := int(self.rfile.readline(), 16):
            yield size
            self.rfile.readline()
        self.rfile.readline()

    def log_message(self, *_arguments: object) -> None:
        pass
