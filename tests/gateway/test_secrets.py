"""A key that only the gateway knows is nowhere but in memory, whatever becomes of the requests that carry it."""

import os
import re
import signal
import socket
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.program import DEADLINE, Server, call
from tests.serving import JSONHandler, serving
from tests.tiers import exhaustive

pytestmark = exhaustive

#: Keys that the gateway takes, refuses, and never got to know.
TAKEN: Final = "sk-taken-7QmVx2LrTz9KpWcB"
REFUSED: Final = "sk-refused-4HnYd8SgJf3RbXeM"
UNSEEN: Final = "sk-unseen-6ZuPk5AvNw2CtQhD"
PROMPT: Final = "a-prompt-9EyGo3MsBi7LxVrF"
CANARIES: Final = (TAKEN, REFUSED, UNSEEN, PROMPT)

WAYS: Final = (("--access-log", "json", "--fast"), ("--access-log", "logfmt", "--no-fast"), ("--workers", "2"))


class _Gateway(JSONHandler):
    """Answers so that all that it says repeats what it got: the key, and the prompt."""

    def get(self) -> None:
        if not self.path.startswith("/v1/models"):
            return self.send(404, {"error": {"message": f"no {self.path} for {self.key}"}})
        if self.key != TAKEN:
            return self.send(401, {"error": {"message": f"unknown key {self.key}", "code": self.key}})
        rows = [{"id": name, "object": "model", "owned_by": self.key} for name in ("gpt-5", f"of-{self.key}")]
        return self.send(200, {"object": "list", "data": rows})

    def post(self) -> None:
        body = self.body()
        status = 500 if self.path.endswith("/fails") else 200 if self.key == TAKEN else 401
        self.send(status, {"key": self.key, "said": body.decode()})


def _ask_for_everything(server: Server) -> list[int]:
    """Send the canaries wherever a caller may; return the statuses."""
    statuses: list[int] = []
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=DEADLINE) as client:
        for key, form in product((TAKEN, REFUSED), ("x-api-key: {}", "authorization: Bearer {}")):
            name, _, value = form.format(key).partition(": ")
            headers = {name: value}
            lists = ("/v1/models", "/v1/models?limit=1", f"/v1/models/of-{key}", f"/v1/models?after_id={key}")
            others = ("/v1/messages", "/v1/fails", f"/v1/{key}?api_key={key}")
            answers = [client.get(target, headers=headers) for target in lists]
            answers += [client.post(target, headers=headers, json={"prompt": PROMPT}) for target in others]
            statuses += [answer.status_code for answer in answers]
    _hang_up(server)
    return statuses


def _hang_up(server: Server) -> None:
    """Begin to send a message, and leave."""
    head = f"POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: {TAKEN}\r\ncontent-length: 100\r\n\r\n{PROMPT}"
    with socket.create_connection((server.host, server.port), DEADLINE) as connection:
        connection.sendall(head.encode())


def _public(server: Server) -> dict[str, str]:
    """What anybody can read of the running server."""
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=DEADLINE) as client:
        pages = {path: client.get(path).text for path in ("/metrics", "/readyz", "/healthz")}
    return {**pages, **_processes(server)}


def _processes(server: Server) -> Mapping[str, str]:
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if os.getsid(int(folder.name)) == server.process.pid:
                    for name in ("cmdline", "comm", "environ", "status"):
                        found[f"{name} of {folder.name}"] = (folder / name).read_bytes().decode("latin-1")
            except OSError:
                continue  # it has ended meanwhile
    return found


def _commands(database: Path) -> dict[str, str]:
    """What the settings, the sources and the history say."""
    asked = (
        ("settings", "--json"),
        ("sources", "show", "gateway", "--json"),
        ("sources", "list", "--json"),
        ("keys", "list", "--json"),
        ("catalog", "list", "--json"),
        ("catalog", "history", "--limit", "1000", "--json"),
    )
    named = ("--database", f"sqlite:///{database}")
    done = {" ".join(each): call(*each, *(() if each[0] == "settings" else named)) for each in asked}
    assert {name: each.returncode for name, each in done.items()} == dict.fromkeys(done, 0)
    return {name: each.stdout + each.stderr for name, each in done.items()}


def _files(folder: Path) -> dict[str, str]:
    """Every file below a folder."""
    return {str(each): each.read_bytes().decode("latin-1") for each in folder.rglob("*") if each.is_file()}


def _forms(canary: str) -> Iterator[str]:
    """A canary, in part and in other clothes."""
    yield canary[-14:]
    yield canary.replace("-", "%2D")[-14:]
    yield b64encode(canary.encode()).decode()[:-4]
    yield sha256(canary.encode()).hexdigest()


def _found(places: Mapping[str, str]) -> list[str]:
    return [
        f"{canary} in {place}: …{text[max(0, text.find(form) - 200) : text.find(form) + 100]}…"
        for place, text in places.items()
        for canary in CANARIES
        for form in _forms(canary)
        if form in text
    ]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: " ".join(way))
def test_a_key_of_the_gateway_is_nowhere_after_lists_messages_refusals_an_outage_and_a_crash(
    way: tuple[str, ...], tmp_path: Path
) -> None:
    database = tmp_path / "callsheet.db"
    with serving(_Gateway) as url:
        arguments = ("--gateway", url, "--forward", "--state-file", str(tmp_path / "state"), *way)
        with Server(database, *arguments, cwd=tmp_path, fresh=True) as server:
            statuses = _ask_for_everything(server)
            left: dict[str, str] = _public(server)
            assert server.stop() == 0
            left |= {"what it printed": server.stdout, "what it complained of": server.stderr}
        assert {200, 401, 404, 500} <= set(statuses)
    with Server(database, *arguments, cwd=tmp_path, fresh=True) as server:  # the gateway is away
        with httpx2.Client(base_url=server.url, trust_env=False, timeout=DEADLINE) as client:
            for key in (TAKEN, UNSEEN):
                assert client.get("/v1/models", headers={"x-api-key": key}).status_code == 529
                assert client.post("/v1/messages", headers={"x-api-key": key}, json=PROMPT).status_code >= 500
        left |= {f"{name}, the gateway away": text for name, text in _public(server).items()}
        server.stop(signal.SIGABRT)
        left |= {"printed at a crash": server.stdout, "complained of at a crash": server.stderr}
    left |= _commands(database) | _files(tmp_path)
    assert str(database) in left
    assert _found(left) == []
    if "--access-log" in way:
        assert re.search(r"key_id\W+delegated_[0-9a-f]{16}", left["what it printed"])
