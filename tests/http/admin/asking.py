"""The Admin API, asked in process."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.app import AdminAPI
from callsheet.http.admin.endpoints import ENDPOINTS
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.state.live import LiveState
from callsheet.service.sync.guard import UpstreamGuard
from tests.installation import Installation, now

ROOT: Final = "/v1/organizations"


class Reply(NamedTuple):
    """An answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """Why it was refused, for programs."""
        code: str = self.json["error"]["details"]["error_code"]
        return code

    @property
    def message(self) -> str:
        """Why it was refused, for people."""
        message: str = self.json["error"]["message"]
        return message


class Admin:
    """A caller of the Admin API of an installation, with an admin key that may do everything."""

    def __init__(
        self, installation: Installation, live: LiveState | None = None, guard: UpstreamGuard | None = None
    ) -> None:
        self.installation = installation
        self.live = live or installation.live()
        self.api = AdminAPI(self.live, ENDPOINTS, guard=guard)
        self.key = self.make_key("everything")

    def make_key(self, name: str, *scopes: Scope) -> str:
        """The secret of a new admin key."""
        service = AdminKeyService(self.installation.store, "test", now)
        return service.create(name, scopes or (Scope.ALL,)).secret

    @property
    def revision(self) -> int:
        """That of the database."""
        with self.installation.store.read() as reading:
            installation = reading.installation()
        assert installation is not None
        return installation.revision

    def get(self, path: str, **headers: str) -> Reply:
        """Read."""
        return self.send("GET", path, None, **headers)

    def post(self, path: str, body: object = None, **headers: str) -> Reply:
        """Change."""
        return self.send("POST", path, json.dumps({} if body is None else body).encode(), **headers)

    def send(self, method: str, path: str, body: bytes | None, **headers: str) -> Reply:
        """Send a request with the admin key, unless ``x_api_key`` says another; an empty header is left out."""
        sent = {"x_api_key": self.key, "content_type": "application/json", **headers}
        lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in sent.items() if value != ""]
        return self.exchange(method, f"{ROOT}{path}", lines, body or b"")

    def exchange(
        self,
        method: str,
        target: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        client: str = "127.0.0.1",
    ) -> Reply:
        """Send a request as it is."""
        return asyncio.run(exchange(self.api, method, target, headers, body, client))


async def exchange(
    app: Any,
    method: str,
    target: str,
    headers: Sequence[tuple[bytes, bytes]],
    body: bytes = b"",
    client: str = "127.0.0.1",
) -> Reply:
    """Ask an ASGI application."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": list(headers),
        "client": (client, 5),
        "root_path": "",
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in sent[1:])
    return Reply(sent[0]["status"], {k.decode(): v.decode() for k, v in sent[0]["headers"]}, content)
