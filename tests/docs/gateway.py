"""The gateway of a page: as LiteLLM answers, with one key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

#: As the pages write it.
KEY: Final = "sk-of-your-gateway"

_MODELS: Final = {"claude-sonnet-5": 1_000_000, "gpt-5": 272_000, "kimi-k3": 262_144}


@contextmanager
def page_gateway() -> Iterator[str]:
    """Serve until the block ends; yield the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="gateway")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # the name that the library calls
        """Answer what is asked for, of which this has the list."""
        if self.path == "/health/liveliness":
            self._send(200, "I'm alive!")
        elif self.path.partition("?")[0] != "/v1/models":
            self._send(404, {"detail": "Not Found"})
        elif KEY in (self.headers["x-api-key"], (self.headers["authorization"] or "").removeprefix("Bearer ")):
            self._send(200, self._list())
        else:
            self._send(401, {"error": {"message": "Authentication Error, Invalid proxy server token passed"}})

    def _list(self) -> dict[str, Any]:
        if self.headers["anthropic-version"] is None:
            rows = [_openai_row(model_id, tokens) for model_id, tokens in _MODELS.items()]
            return {"data": rows, "object": "list"}
        rows = [_anthropic_row(model_id, tokens) for model_id, tokens in _MODELS.items()]
        first, *_, last = _MODELS
        return {"data": rows, "has_more": False, "first_id": first, "last_id": last}

    def _send(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:  # noqa: A002  # as the library has it
        """Say nothing."""


def _openai_row(model_id: str, tokens: int) -> dict[str, Any]:
    row = {"id": model_id, "object": "model", "created": 1677610602, "owned_by": "openai", "mode": "chat"}
    return {**row, "max_input_tokens": tokens}


def _anthropic_row(model_id: str, tokens: int) -> dict[str, Any]:
    row = {"type": "model", "id": model_id, "display_name": model_id, "created_at": "2023-02-28T18:56:42Z"}
    return {**row, "max_input_tokens": tokens, "max_tokens": None}
