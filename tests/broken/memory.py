"""A server that is asked without a network, for what is about its answers and not about how they arrive."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import httpx2

from callsheet.client.http_client import open_client
from tests.broken.asking import Bug
from tests.broken.serving import LIMITS, make_app, with_bugs
from tests.installation import Installation

#: The address that a server has in memory.
URL: Final = "http://127.0.0.1"


@contextmanager
def remember_broken(installation: Installation, *bugs: Bug, **settings: Any) -> Iterator[str]:
    """As `tests.broken.serving.serve_broken`, but the doctor of this process asks the application itself.

    A request takes a third of the time.
    """
    with make_app(installation, **settings) as app:
        transport = _Transport(app, with_bugs(app, *bugs))
        with patch(
            "callsheet.doctor.probe.sender.open_client",
            lambda kind, **options: open_client(kind, transport=transport, **options),
        ):
            yield URL


class _Transport(httpx2.AsyncBaseTransport):
    """Hands requests to an application with bugs; those that a server answers before it, to the one without."""

    def __init__(self, correct: Any, broken: Any) -> None:
        self._correct = correct
        self._broken = broken

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        target: bytes = request.extensions["target"]
        app = self._correct if len(target) > LIMITS.max_url_bytes else self._broken
        path, _, query = target.partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": path.decode("ascii"),
            "raw_path": path,
            "root_path": "",
            "query_string": query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("127.0.0.1", 50000),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app(scope, receive, send)
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return httpx2.Response(sent[0]["status"], headers=sent[0]["headers"], content=body, request=request)
