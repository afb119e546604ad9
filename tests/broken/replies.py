"""Lists of models as servers have answered them, right and wrong: each is one reply, whatever was asked."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final


@dataclass(frozen=True)
class Reply:
    """One answer. `stalls` says where it stops until the server ends: before its head, or in its body."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    stalls: str = ""


def listing(*entries: Any, **fields: Any) -> Reply:
    """A list as OpenAI's clients have it, with nothing but ``entries`` and ``fields``."""
    return saying({"object": "list", "data": list(entries), **fields})


def saying(value: Any, status: int = 200) -> Reply:
    """A body of JSON."""
    return Reply(json.dumps(value).encode(), status)


def model(model_id: Any, **fields: Any) -> dict[str, Any]:
    """A model in Anthropic's shape."""
    return {
        "type": "model",
        "id": model_id,
        "display_name": f"The {model_id}",
        "created_at": "2026-10-01T00:00:00Z",
        **fields,
    }


def page(*entries: Any, **fields: Any) -> Reply:
    """A page in Anthropic's shape."""
    return saying({"data": list(entries), "has_more": False, "first_id": None, "last_id": None, **fields})


GOOD: Final = model("claude-good")

_PLAIN: Final = {"id": "claude-plain", "object": "model", "created": 1790000000, "owned_by": "acme"}

#: Lists on which releases of Claude Code differ, or one entry decides over all.
TELLING: Final[Mapping[str, Reply]] = {
    "a-page": page(GOOD, model("anthropic/kimi-k3"), model("kimi-k3")),
    "openais-shape": listing(
        _PLAIN, {"id": "acme/claude-like", "object": "model"}, {"id": "gpt-5", "object": "model"}
    ),
    "nothing-but-ids": listing({"id": "claude-bare"}, {"id": "maple"}),
    "words-inside": page(model("acme/claude-like"), model("hf.co/anthropic/x"), model("my-Claude"), GOOD),
    "mixed-case": page(model("CLAUDE-LOUD"), model("Anthropic/Opus"), model("acme/CLAUDE")),
    "letters-that-fold-to-ascii": page(
        model("anthrop\N{LATIN SMALL LETTER DOTLESS I}c"),
        model("ANTHROP\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}C"),
        GOOD,
    ),
    "no-word": page(model("kimi-k3"), model("maple")),
    "notation-for-context": page(
        model("claude-opus-4-8[1m]"), model("azureml://registries/claude"), model("我的claude")
    ),
    "null-display-name": page(GOOD, model("claude-null", display_name=None)),
    "null-display-name-of-one-that-drops-out": page(GOOD, model("kimi-k3", display_name=None)),
    "no-display-name": page(GOOD, {"type": "model", "id": "claude-nameless"}),
    "empty-display-name": page(GOOD, model("claude-empty", display_name="")),
    "display-name-is-a-number": page(GOOD, model("claude-number", display_name=5)),
    "no-id": page(GOOD, {"type": "model", "display_name": "No id"}),
    "null-id": page(GOOD, model(None)),
    "id-is-a-number": page(GOOD, model(7)),
    "empty-id": page(GOOD, model("")),
    "null-description": page(GOOD, model("claude-told", description=None)),
    "description-is-a-number": page(GOOD, model("claude-told", description=5)),
    "description-is-an-object": page(GOOD, model("claude-told", description={"en": "Told"})),
    "an-entry-is-a-text": page(GOOD, "claude-text"),
}

#: Lists that all releases take alike.
OTHERS: Final[Mapping[str, Reply]] = {
    "an-entry-is-null": page(GOOD, None),
    "an-entry-is-an-array": page(GOOD, ["claude-array"]),
    "bare-array": saying([_PLAIN, GOOD]),
    "null-data": saying({"object": "list", "data": None}),
    "no-data": saying({"models": [GOOD]}),
    "data-is-an-object": saying({"data": {"claude-good": GOOD}}),
    "an-error-in-a-success": saying({"error": {"message": "No upstream is up.", "type": "x"}}),
    "an-error-beside-a-list": saying({"data": [GOOD], "error": {"message": "Half of it."}}),
    "empty": page(),
    "listed-twice": page(GOOD, model("claude-good", display_name="Again"), model("claude-other")),
    "promises-more": page(GOOD, has_more=True, last_id="claude-good"),
    "many": page(*(model(f"claude-{number}") for number in range(3000))),
    "unknown-fields": page(model("claude-rich", lifecycle="active", capabilities={"x": 1}, line=None), more=[1]),
    "long-texts": page(model("claude-long", display_name="n" * 300, description="d" * 150)),
    "marks-in-texts": page(model("claude-marks", display_name="a `b` <i>c</i>", description="`d` <e>")),
    "a-long-id": page(model("claude-" + "x" * 900)),
    "not-json": Reply(b'{"data":[{"id":"claude-good"}'),
    "not-a-number": Reply(b'{"data":[{"id":"claude-good","created":NaN}]}'),
    "a-web-page": Reply(b"<!doctype html><title>Gateway</title>", headers={"content-type": "text/html"}),
    "json-said-to-be-text": Reply(page(GOOD).body, headers={"content-type": "text/plain"}),
    "no-type": Reply(page(GOOD).body, headers={}),
    "a-mark-of-byte-order": Reply(b"\xef\xbb\xbf" + page(GOOD).body),
    "nothing": Reply(),
    "created": Reply(page(GOOD).body, 201),
    **{
        f"redirect-{status}": Reply(b"", status, {"location": "/a-page/v1/models"})
        for status in (301, 302, 303, 307, 308)
    },
    **{
        f"refused-{status}": saying({"statusCode": status, "message": "Access denied due to missing key."}, status)
        for status in (400, 401, 403, 404, 429, 500, 503)
    },
    "a-list-with-an-error": Reply(page(GOOD).body, 500),
}  # fmt: skip

#: Lists that come too late for a client that waits for a few seconds.
SLOW: Final[Mapping[str, Reply]] = {
    "a-slow-head": Reply(page(GOOD).body, stalls="head"),
    "a-slow-body": Reply(page(GOOD).body, stalls="body"),
}


@dataclass
class Lists:
    """A server of many lists, each below its own path; ``asked`` is what it was asked, with headers as sent."""

    url: str
    replies: dict[str, Reply]
    asked: dict[str, list[tuple[str, dict[str, str]]]] = field(default_factory=dict)

    def at(self, name: str) -> str:
        """The base URL of one list."""
        return f"{self.url}/{name}"


@contextmanager
def serve_lists(replies: Mapping[str, Reply]) -> Iterator[Lists]:
    """Answer every GET below ``/<name>/`` with the reply of that name, and every POST with 400."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(lists.replies[self._note()])

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self._note()
            self._answer(
                saying({"type": "error", "error": {"type": "invalid_request_error", "message": "No."}}, 400)
            )

        def _note(self) -> str:
            name = self.path.split("/")[1]
            target = f"{self.command} {self.path.removeprefix(f'/{name}')}"
            headers = {name.lower(): value for name, value in self.headers.items()}
            lists.asked.setdefault(name, []).append((target, headers))
            return name

        def _answer(self, reply: Reply) -> None:
            if reply.stalls == "head":
                over.wait()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            if reply.stalls == "body":
                self.wfile.write(reply.body[:10])
                self.wfile.flush()
                over.wait()
            else:
                self.wfile.write(reply.body)

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, *_: Any) -> None:
            """Let those go who went before the end."""

    with Server(("127.0.0.1", 0), Handler) as server:
        lists = Lists(f"http://127.0.0.1:{server.server_address[1]}", dict(replies))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield lists
        finally:
            over.set()
            server.shutdown()
            thread.join()
