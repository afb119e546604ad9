"""Small HTTP servers that a thread serves, for programs that are not in the test's own process or event loop."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class JSONHandler(BaseHTTPRequestHandler):
    """Answers in JSON, over connections that stay open, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def get(self) -> None:
        """Answer a GET."""
        self.send(404, {"error": {"message": "Not Found"}})

    def post(self) -> None:
        """Answer a POST."""
        self.send(404, {"error": {"message": "Not Found"}})

    def do_GET(self) -> None:  # the name that the library calls
        self.get()

    def do_POST(self) -> None:
        self.post()

    @property
    def key(self) -> str:
        """The credential of the request, in whichever form it came; empty if it has none."""
        return self.headers["x-api-key"] or (self.headers["authorization"] or "").removeprefix("Bearer ")

    def body(self) -> bytes:
        """The body of the request, whose length must be announced."""
        return self.rfile.read(int(self.headers["content-length"] or 0))

    def send(self, status: int, value: object, **headers: str) -> None:
        """Answer with ``value``."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, content in headers.items():
            self.send_header(name.replace("_", "-"), content)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port until the block ends; yield the URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), name="serving")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
