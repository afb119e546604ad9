"""The server that hostile callers are let loose on: two workspaces that must not learn of each other."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from pathlib import Path
from typing import Final

from callsheet.service.setup import open_store
from tests.hostile.run import Good
from tests.hostile.streams import Secrets
from tests.installation import Installation, make_model, now
from tests.program import Server

OWN: Final = "sk-cs-own-key-of-the-hostile-caller"
THEIRS: Final = "sk-cs-key-of-somebody-else-entirely"
BROUGHT: Final = "a secret that nobody may see"  # in every model that the hostile caller may not see

#: Short times, so that nobody waits for long; hostile callers make the server wait as long as it does.
LIMITS: Final = ("--head-seconds", "1", "--idle-seconds", "3", "--answer-seconds", "2")


class Target:
    """A running server, and what is known of it."""

    def __init__(self, server: Server, installation: Installation) -> None:
        self.server = server
        workspaces = {workspace.name: workspace.id for workspace in installation.access.list_workspaces()}
        self.secrets = Secrets(OWN, "theirs-3", "their-alias", workspaces["Theirs"])
        self.forbidden = (BROUGHT.encode(), THEIRS.encode(), workspaces["Theirs"].encode() + b"\r\n")
        self.goods = [self._good(key, target) for key in (OWN, THEIRS) for target in ("limit=1", "limit=1000")]

    def ask(self, good: Good) -> bytes:
        """Return the body of the answer to a good request, sent once more."""
        connection = self.server.connect()
        connection.connect()
        connection.sock.sendall(good.request)
        response = HTTPResponse(connection.sock)
        response.begin()
        body = response.read()
        connection.close()
        assert response.status == 200
        return body

    def _good(self, key: str, query: str) -> Good:
        connection = self.server.connect()
        connection.request(
            "GET", f"/v1/models?{query}", headers={"x-api-key": key, "anthropic-version": "2023-06-01"}
        )
        response = connection.getresponse()
        body = response.read()
        connection.close()
        assert response.status == 200
        assert (BROUGHT.encode() in body) == (key == THEIRS)
        lines = f"GET /v1/models?{query} HTTP/1.1", "host: x", f"x-api-key: {key}", "anthropic-version: 2023-06-01"
        return Good("\r\n".join([*lines, "", ""]).encode(), body)


def make_installation(folder: Path, template: Path | None = None) -> Installation:
    """Two workspaces with a key each, and models of their own."""
    path = folder / "hostile.db"
    if template is None:
        open_store(f"sqlite:///{path}", now)
    else:
        shutil.copy(template, path)
    installation = Installation(f"sqlite:///{path}")
    installation.clear_catalog()
    for number in range(5):
        installation.add(make_model(f"own-{number}", f"2026-01-0{number + 1}"))
        installation.add(make_model(f"theirs-{number}", f"2026-01-0{number + 1}", display_name=BROUGHT))
    installation.catalog.alias("own-alias", "own-3")
    installation.catalog.alias("their-alias", "theirs-3")
    for name, pattern, secret in (("Own", "own-*", OWN), ("Theirs", "theirs-*", THEIRS)):
        installation.key(name=name, workspace=installation.workspace(name, allow=(pattern,)), secret=secret)
    return installation


@contextmanager
def target(folder: Path, *arguments: str, template: Path | None = None) -> Iterator[Target]:
    """Serve it; it must end cleanly, and have had nothing to complain of."""
    installation = make_installation(folder, template)
    with Server(Path(installation.url.removeprefix("sqlite:///")), *LIMITS, *arguments) as server:
        yield Target(server, installation)
        assert server.stop() == 0
        assert server.stderr == ""
