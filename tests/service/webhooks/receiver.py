"""A receiver of webhooks: a real server that verifies what arrives with the package of Standard Webhooks."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from standardwebhooks.webhooks import Webhook as Verifier

from tests.serving import serving


class Answer(NamedTuple):
    """What is sent on the handler of a request, and whether the receiver took the event."""

    send: Callable[[BaseHTTPRequestHandler], None]
    takes: bool = False


def status(code: int, **headers: str) -> Answer:
    """An answer with a status and these headers, and nothing in it."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", "0")
        handler.end_headers()

    return Answer(send, takes=200 <= code < 300)


class Receiver:
    """What a receiver got.

    Attributes
    ----------
    events
        The bodies of what it took, in order.
    ids
        The values of ``webhook-id`` of everything that arrived, in order.
    answer
        What it answers; what it takes is what it answers with 2xx.
    secret
        With which everything is verified that arrives; None verifies nothing.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.events: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.wrong: list[str] = []
        self.answer: Answer = status(204)
        self.secret: str | None = None
        self.lock = threading.Lock()

    def types(self) -> list[str]:
        """The types of what it took."""
        return [str(event["type"]) for event in self.events]

    def take(self, handler: BaseHTTPRequestHandler) -> None:
        """Take one request."""
        body = handler.rfile.read(int(handler.headers["content-length"] or 0))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self.lock:
            self.requests.append((headers, body))
            self.ids.append(headers["webhook-id"])
            if self.secret is not None:
                try:
                    Verifier(self.secret).verify(body, headers)
                except Exception as error:
                    self.wrong.append(repr(error))
            answer = self.answer
            if answer.takes:
                self.events.append(json.loads(body))
        answer.send(handler)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Receive on a free port until the block ends."""
    made: list[Receiver] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made[0].take(self)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler) as url:
        made.append(Receiver(f"{url}/hooks"))
        yield made[0]
        assert not made[0].wrong, made[0].wrong
