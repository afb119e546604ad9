"""What a bug is: something between a correct server and its caller that twists a request, or the answer to it."""

import gzip
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode


@dataclass(frozen=True)
class Asked:
    """A request. The path is as it went over the wire; of repeated headers the last one counts."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    def value(self, name: str) -> str | None:
        """The value of a query parameter."""
        return dict(self.query).get(name)

    def without(self, *names: str) -> "Asked":
        """The same request without these query parameters."""
        return replace(self, query=tuple(pair for pair in self.query if pair[0] not in names))

    def having(self, **values: object) -> "Asked":
        """The same request with these query parameters."""
        return replace(self, query=(*self.without(*values).query, *((k, str(v)) for k, v in values.items())))

    def headed(self, **headers: str | None) -> "Asked":
        """The same request with these headers, `_` for `-`; None takes one away."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = {name: value for name, value in self.headers.items() if name not in named}
        return replace(self, headers=kept | {name: value for name, value in named.items() if value is not None})

    @property
    def is_list(self) -> bool:
        """Whether it asks for the list."""
        return self.path.rstrip("/").endswith("/models")

    @property
    def is_model(self) -> bool:
        """Whether it asks for one model."""
        return self.path.startswith("/v1/models/") and not self.is_list

    @property
    def is_openai(self) -> bool:
        """Whether it is asked in OpenAI's dialect."""
        return not {"anthropic-version", "x-api-key"} & set(self.headers)


@dataclass(frozen=True)
class Answered:
    """An answer, whole."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def is_page(self) -> bool:
        """Whether it is a page in Anthropic's shape."""
        return self.status == 200 and b'"has_more"' in self.body

    def saying(self, value: Any, status: int | None = None) -> "Answered":
        """The same answer with this JSON."""
        body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
        return replace(self, status=status or self.status, body=body)

    def changed(self, **fields: Any) -> "Answered":
        """The same JSON object with these fields."""
        return self.saying({**self.json, **fields})

    def each_model(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> "Answered":
        """The same list, or one model, with a change to each model; other answers stay as they are."""
        if self.status != 200 or not self.body:
            return self
        value = self.json
        return (
            self.changed(data=[change(model) for model in value["data"]])
            if "data" in value
            else (self.saying(change(value)))
        )


def text_response(text: str, status: int = 200, kind: str = "text/plain") -> Answered:
    """An answer that is not JSON."""
    return Answered(status, {"content-type": kind}, text.encode())


def refused(status: int, kind: str, message: str) -> Answered:
    """An error in Anthropic's envelope."""
    envelope = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_011"}
    headers = {"content-type": "application/json", "request-id": "req_011", "x-should-retry": "false"}
    return Answered(status, headers).saying(envelope)


Ask = Callable[[Asked], Awaitable[Answered]]
Bug = Callable[[Asked, Ask], Awaitable[Answered]]


class Twisted:
    """An ASGI app with a bug before it."""

    def __init__(self, app: Any, bug: Bug) -> None:
        self.app = app
        self.bug = bug

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        async def ask(asked: Asked) -> Answered:
            inner = {
                **scope,
                "method": asked.method,
                "path": asked.path,
                "raw_path": asked.path.encode(),
                "query_string": urlencode(asked.query).encode(),
                "headers": [(name.encode(), value.encode("latin-1")) for name, value in asked.headers.items()],
            }
            messages: list[dict[str, Any]] = []

            async def keep(message: dict[str, Any]) -> None:
                messages.append(message)

            await self.app(inner, receive, keep)
            headers = {name.decode(): value.decode("latin-1") for name, value in messages[0]["headers"]}
            return Answered(
                messages[0]["status"], headers, b"".join(each.get("body", b"") for each in messages[1:])
            )

        answered = await self.bug(_asked(scope), ask)
        if "content-encoding" not in answered.headers and _takes_gzip(scope) and len(answered.body) > 1024:
            coded = {**answered.headers, "content-encoding": "gzip"}
            answered = replace(answered, headers=coded, body=gzip.compress(answered.body, 1))
        headers = {name: value for name, value in answered.headers.items() if name != "content-length"}
        if answered.body:
            headers["content-length"] = str(len(answered.body))
        pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": answered.status, "headers": pairs})
        body = b"" if scope["method"] == "HEAD" else answered.body
        await send({"type": "http.response.body", "body": body})


def _takes_gzip(scope: dict[str, Any]) -> bool:
    return b"gzip" in dict(scope["headers"]).get(b"accept-encoding", b"")


def _asked(scope: dict[str, Any]) -> Asked:
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    headers.pop("accept-encoding", None)  # bugs read what passes
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    return Asked(method, scope["raw_path"].decode("ascii"), tuple(query), headers)
