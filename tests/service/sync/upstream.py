"""An upstream on a free port, which answers as a test wants it to, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

Headers = Mapping[str, str]


class Asked(NamedTuple):
    """A request as it arrived; names of headers in small letters."""

    method: str
    path: str
    headers: Headers


class Upstream:
    """Answers every GET with `status`, `headers` and `body`, or with what `answer` makes of the path."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {"content-type": "application/json"}
        self.body = b'{"object": "list", "data": []}'
        self.answer: Callable[[str], tuple[int, Headers, bytes]] | None = None
        self.asked: list[Asked] = []
        self.url = ""
        self.drip_seconds = 0.0
        """How long to wait after each byte of a body."""
        self.gone = threading.Event()
        """Set when no answer is wanted any more."""

    def lists(self, *ids: str, **more: Any) -> None:
        """List models with these ids, as OpenAI does; ``more`` are members of each row."""
        self.rows([{"id": model_id, "object": "model", "created": 1_700_000_000, **more} for model_id in ids])

    def rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """List these rows."""
        self.status, self.answer = 200, None
        self.body = json.dumps({"object": "list", "data": list(rows)}).encode()

    def fails(self, status: int = 503, body: bytes = b"") -> None:
        """Answer with an error from now on."""
        self.status, self.body = status, body


@contextmanager
def serve_upstream() -> Iterator[Upstream]:
    """An upstream of OpenAI's kind without models."""
    upstream = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            named = {name.lower(): value for name, value in self.headers.items()}
            self.rfile.read(int(named.get("content-length", "0")))
            upstream.asked.append(Asked(self.command, self.path, named))
            status, body = upstream.status, upstream.body
            headers: Headers = upstream.headers
            if upstream.answer is not None:
                status, headers, body = upstream.answer(self.path)
            elif "etag" in headers and named.get("if-none-match") == headers["etag"]:
                status, body = 304, b""
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                for start in range(0, len(body), 1 if upstream.drip_seconds else max(1, len(body))):
                    self.wfile.write(body[start : start + 1] if upstream.drip_seconds else body)
                    if upstream.drip_seconds and upstream.gone.wait(upstream.drip_seconds):
                        return
            except OSError:  # who asked has left
                self.close_connection = True

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            """Write nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Write nothing: who asked has left."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    upstream.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield upstream
    finally:
        upstream.gone.set()
        server.shutdown()
        server.server_close()
        thread.join()
