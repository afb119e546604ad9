"""The doors to the public API: each takes the same request and gives the same reply."""

import asyncio
import http.client
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import pytest

from callsheet.api.answer import answer
from callsheet.api.request import Request
from callsheet.http.app import options_of
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.request_id import make_request_id
from callsheet.http.serve.config import ServerConfig
from callsheet.http.serve.run import bind
from callsheet.service.state.live import LiveState
from callsheet.settings import Settings
from tests.commits import Commits
from tests.installation import Installation
from tests.server_thread import ServerThread

#: Marks tests that change neither what is served nor the settings: the doors of a file are opened once for them.
reading: Final = pytest.mark.reading

Headers = Mapping[str, str] | Sequence[tuple[str, str]]


class Reply(NamedTuple):
    """What came back. Header names in small letters; the last of repeated ones counts."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def ids(self) -> list[str]:
        """The ids of a page."""
        assert self.status == 200, self.body
        return [model["id"] for model in self.json["data"]]

    @property
    def error(self) -> tuple[int, str, str]:
        """Status, type and message of an error in Anthropic's envelope, which is checked on the way."""
        envelope = self.json
        assert list(envelope) == ["type", "error", "request_id"]
        assert envelope["type"] == "error"
        assert envelope["request_id"] == self.headers["request-id"]
        assert list(envelope["error"]) == ["type", "message"]
        return self.status, envelope["error"]["type"], envelope["error"]["message"]


class Door:
    """One way to ask. `ask` sends exactly the headers given; `get` adds a valid key and a version."""

    _commits: Commits | None = None

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.secret = installation.key(name="door")
        self.set_up()

    def set_up(self, **settings: Any) -> None:
        """Begin anew with these settings."""
        self._commits = self._commits or self.installation.commits()
        self.settings = Settings(database=self.installation.url, poll_seconds=0.01, **settings)
        self.live = self.begin()

    def begin(self) -> LiveState:
        """Load what answers."""
        return self.installation.live(options_of(self.settings))

    def standing(self) -> tuple[object, ...]:
        """Return what differs once anything is changed: the settings, and the revision of the database."""
        with self.installation.store.read() as reading:
            installation = reading.installation()
        return self.settings, id(self.live), installation and installation.revision

    def ask(self, method: str, target: str, headers: Headers = ()) -> Reply:
        """Send one request; `target` is path and query as they go over the wire."""
        if self._commits is None or self._commits.are_new():
            self.live.refresh()
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        status, answered, body = self.send(method, target, pairs)
        return Reply(status, {name.lower(): value for name, value in answered}, body)

    def get(self, target: str, headers: Headers = ()) -> Reply:
        """GET with a key of the default workspace and a version."""
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        return self.ask("GET", target, [*self.credentials(), *pairs])

    def credentials(self) -> list[tuple[str, str]]:
        """What an Anthropic client of today sends."""
        return [("x-api-key", self.secret), ("anthropic-version", "2023-06-01")]

    def send(
        self, method: str, target: str, headers: list[tuple[str, str]]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send it this way."""
        raise NotImplementedError

    def close(self) -> None:
        """Leave nothing running."""


def _bytes(headers: Sequence[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


def _text(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode(), value.decode("latin-1")) for name, value in headers]


class AnswerDoor(Door):
    """The pure function."""

    def send(
        self, method: str, target: str, headers: list[tuple[str, str]]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        path, _, query = target.encode("latin-1").partition(b"?")
        request = Request(method, path, query, _bytes(headers), time.time(), make_request_id())
        status, answered, body, *_ = answer(self.live.current, request)
        return status, _text(answered), body


class AppDoor(Door):
    """The ASGI app, without a server and without a lifespan."""

    def begin(self) -> LiveState:
        self.app = self.installation.app(self.settings)
        return self.app.live

    def send(
        self, method: str, target: str, headers: list[tuple[str, str]]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        path, _, query = target.encode("latin-1").partition(b"?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": _unquote(path),
            "raw_path": path,
            "root_path": "",
            "query_string": query,
            "headers": _bytes(headers),
            "client": ("127.0.0.1", 50000),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        start, *bodies = sent
        assert start["type"] == "http.response.start"
        assert {message["type"] for message in bodies} == {"http.response.body"}
        assert [message.get("more_body", False) for message in bodies] == [*[True] * (len(bodies) - 1), False]
        return start["status"], _text(start["headers"]), b"".join(message["body"] for message in bodies)

    def close(self) -> None:
        self.app.stop()


def _unquote(path: bytes) -> str:
    from urllib.parse import unquote

    return unquote(path.decode("latin-1"))


class HTTPDoor(AppDoor):
    """Real HTTP: uvicorn with our fast protocol, on a socket of this machine."""

    fast = True
    server: ServerThread

    def set_up(self, **settings: Any) -> None:
        if hasattr(self, "server"):
            self.server.stop()
        super().set_up(**settings)
        listener = bind("127.0.0.1", 0)
        self.port: int = listener.getsockname()[1]
        limits = ConnectionLimits(
            self.settings.max_url_bytes, self.settings.max_header_bytes, self.settings.max_body_bytes
        )
        config = ServerConfig(
            self.app,
            limits=limits,
            fast=self.fast,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=self.settings.trusted_proxies,
        )
        self.server = ServerThread(config, [listener])

    def send(
        self, method: str, target: str, headers: list[tuple[str, str]]
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()

    def close(self) -> None:
        self.server.stop()
        super().close()


class PlainHTTPDoor(HTTPDoor):
    """Real HTTP without the fast protocol: every request goes through ASGI."""

    fast = False
