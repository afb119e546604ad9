"""Another gateway, as small as can be: it says what it was asked, streams messages, and takes uploads."""

import hashlib
import json
import select
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.program import DEADLINE, wait_for


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A proxy may close a connection when it likes; anything else is printed."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Gateway:
    """Answers with what it was asked; a POST of messages in two pieces, the second when `let_go` is set.

    Parameters
    ----------
    port
        To listen on; 0 takes a free one.
    tls
        With which it speaks TLS.
    """

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.let_go = threading.Event()
        self.left = threading.Event()
        self.received = 0
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self._body()
                asked = {
                    "gateway": self.requestline.split()[1],  # `path` has one slash where two were sent
                    "method": self.command,
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "bytes": len(body),
                    "digest": hashlib.sha256(body).hexdigest(),
                }
                written = json.dumps(asked).encode()
                self.send_response(200)
                self.send_header("x-answered-by", "gateway")
                self.send_header("content-length", str(len(written)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(written)

            def _body(self) -> bytes:
                pieces = []
                for size in self._sizes():
                    left = size
                    while left and (piece := self.rfile.read1(left)):
                        pieces.append(piece)
                        left -= len(piece)
                        gateway.received += len(piece)
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

            do_GET = do_HEAD = do_OPTIONS = do_PUT = do_DELETE = do_PATCH = _answer

            def do_POST(self) -> None:
                if not self.path.endswith("/messages"):
                    self._answer()
                    return
                self._body()
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(b"data: first\n\n")
                self.close_connection = True
                while not gateway.let_go.wait(0.01):
                    if self._is_left():
                        gateway.left.set()
                        return
                self.wfile.write(b"data: second\n\n")

            def _is_left(self) -> bool:
                """Whether the other side has closed the connection."""
                if not select.select([self.connection], [], [], 0)[0]:
                    return False
                try:
                    return self.connection.recv(1, socket.MSG_PEEK) == b""
                except ConnectionError:
                    return True

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", port), Handler)
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
