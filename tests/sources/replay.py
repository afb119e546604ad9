"""A server that replays a recording of `tests/fixtures/sources`, for clients that are not ours."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.serving import JSONHandler, serving
from tests.sources.recorded import exchanges


@dataclass
class Replay:
    """Where it listens, and what it was asked: the path with its query, and the headers in small letters."""

    url: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def replay(recording: str | Mapping[str, Any]) -> Iterator[Replay]:
    """Serve a recording, by name or as a value, until the block ends; what it does not hold is 404.

    The order of a query does not count.
    """
    held = exchanges(recording) if isinstance(recording, str) else recording
    answers = {_key(*name.split(" ", 2)): sent for name, sent in held.items()}

    class Handler(_Handler):
        """One request."""

        def respond(self, body: str = "") -> None:
            found.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            sent = answers.get(
                _key(self.command, self.path, body), {"status": 404, "json": {"error": {"message": "none"}}}
            )
            self.send(sent["status"], sent["json"])

    with serving(Handler) as url:
        found = Replay(url)
        yield found


class _Handler(JSONHandler):
    def respond(self, body: str = "") -> None:
        raise NotImplementedError

    def get(self) -> None:
        self.respond()

    def post(self) -> None:
        self.respond(self.body().decode())


def _key(method: str, path: str = "", body: str = "") -> tuple[str, str, frozenset[tuple[str, str]], str]:
    parts = urlsplit(path)
    sent = json.dumps(json.loads(body)) if body else ""
    return method, parts.path, frozenset(parse_qsl(parts.query, keep_blank_values=True)), sent
