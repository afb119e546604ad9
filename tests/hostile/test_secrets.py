"""Secrets: in nothing that a session leaves behind, whatever people do with them."""

import json
import os
import re
import socket
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.installation import Installation
from tests.program import DEADLINE, Server, call, credentials
from tests.tiers import repeated

#: One that was brought along, one of ours, and one that is not good.
BROUGHT: Final = "brought-along-3f9c1a77e2"
WRONG: Final = "sk-cs-wrong-but-somebodys-0123456789"
STORAGE_PASSWORD: Final = "password-of-the-storage"

OPEN: Final = ("/metrics", "/readyz", "/healthz", "/openapi.json")

WAYS: Final = (
    ("--access-log", "json", "--log-format", "json", "--fast"),
    ("--access-log", "logfmt", "--log-format", "logfmt", "--no-fast"),
    ("--access-log", "common", "--log-format", "text", "--workers", "2"),
)


#: A line of each format, which names the key and, where it has room for that, the request.
LINES: Final = {
    "json": r'"request_id":"req_01\w{22}","duration_us":\d+,.*"status":200,.*"key_id":"apikey_\w+"}\n',
    "logfmt": r" request_id=req_01\w{22} duration_us=\d+ client=\S+ .* status=200 bytes=\d+ key_id=apikey_\w+\n",
    "common": r'127\.0\.0\.1 - apikey_\w+ \[.*\] "GET /v1/models HTTP/1\.1" 200 \d+\n',
}


@pytest.fixture
def database(installation: Installation) -> Path:
    installation.key(name="brought", secret=BROUGHT)
    return Path(installation.url.removeprefix("sqlite:///"))


def ask(server: Server, method: str, target: str, headers: dict[str, str]) -> bytes:
    """Everything that comes back."""
    connection = server.connect()
    try:
        connection.request(method, target, headers=headers)
        response = connection.getresponse()
        return b"\n".join(f"{name}: {value}".encode() for name, value in response.getheaders()) + response.read()
    finally:
        connection.close()


def say(server: Server, sent: bytes) -> bytes:
    """What comes back for bytes that are no request, until the connection ends."""
    with socket.create_connection((server.host, server.port), DEADLINE) as connection:
        connection.sendall(sent)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def use(server: Server, secret: str) -> list[bytes]:
    """Everything that may be done with a secret as a credential, and what is answered."""
    bearer = {"authorization": f"Bearer {secret}", "anthropic-version": "2026-10-21"}
    told = [
        *(ask(server, "GET", "/v1/models", credentials(secret)) for _ in range(4)),
        *(ask(server, "GET", "/v1/models?limit=1", bearer) for _ in range(4)),
        ask(server, "GET", "/v1/models", {"authorization": f"Bearer {secret}"}),
        ask(server, "GET", "/v1/models/none", {"authorization": f"Bearer {secret}"}),
        ask(server, "HEAD", "/v1/models", credentials(secret)),
        ask(server, "GET", "/v1/models", {"x-api-key": secret}),
        ask(server, "GET", "/v1/models?limit=0", credentials(secret)),
        ask(server, "GET", "/v1/models?after_id=none", credentials(secret)),
        ask(server, "GET", "/v1/models/none", credentials(secret)),
        ask(server, "GET", "/v1/models", {**credentials(secret), "anthropic-workspace-id": "wrkspc_none"}),
        ask(server, "GET", "/nowhere", credentials(secret)),
        ask(server, "POST", "/v1/models", credentials(secret)),
        say(server, f"GET /v1/models HTTP/1.1\r\nhost: x\r\nx-api-key: {secret}\r\nno colon\r\n\r\n".encode()),
        say(server, f"GET /v1/models HTTP/1.1\r\nx-api-key: {secret}\r\n\r\n".encode()),
        say(server, f"GET /v1/models HTTP/1.1\r\nhost: x\r\nx-api-key: {secret}{'x' * 40000}\r\n\r\n".encode()),
    ]
    return told + [ask(server, "GET", path, credentials(secret)) for path in OPEN]


def misplace(server: Server, secret: str) -> None:
    """Put a secret where it does not belong; whoever sends it there may be told so, and nobody else."""
    for target in (
        f"/v1/models?api_key={secret}",
        f"/v1/models?x-api-key%3D{secret.replace('-', '%2D')}",
        f"/v1/models/{secret}",
        f"/v1/models?after_id={secret}",
        f"/{secret}/v1/models",
    ):
        ask(server, "GET", target, credentials(BROUGHT))
    for name in ("anthropic-version", "anthropic-beta", "anthropic-workspace-id", "user-agent", "x-forwarded-for"):
        ask(server, "GET", "/v1/models", {**credentials(BROUGHT), name: secret})


def titles(server: Server) -> str:
    """Names and command lines of the processes, as anybody on the machine can read them."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if os.getsid(int(folder.name)) == server.process.pid:
                    found += [(folder / name).read_text() for name in ("cmdline", "comm", "status")]
            except (FileNotFoundError, ProcessLookupError):  # it has just ended
                continue
    return "".join(found)


def dump(database: Path) -> str:
    """All that the database holds, as text."""
    with sqlite3.connect(database) as connection:
        text = "\n".join(connection.iterdump())
    connection.close()
    return text


def assert_none(secrets: tuple[str, ...], left: dict[str, str]) -> None:
    """No secret is in anything that is left."""
    for place, text in left.items():
        for secret in secrets:
            for written in (secret, secret.replace("-", "%2D")):
                at = text.find(written)
                assert at < 0, f"{secret} is in {place}: …{text[max(0, at - 200) : at + 200]}…"


@pytest.fixture
def _environment(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = f"redis://:{STORAGE_PASSWORD}@127.0.0.1:1/0"  # nobody is there, which is complained of
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("CALLSHEET_RATE_LIMIT_STORAGE", storage)
    monkeypatch.setenv("CALLSHEET_RATE_LIMIT_KEY", "1000/minute")
    monkeypatch.setenv("CALLSHEET_HEAD_SECONDS", "0.5")


@pytest.mark.usefixtures("_environment")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way[1])
def test_a_session_leaves_no_secret_anywhere(
    installation: Installation, database: Path, way: tuple[str, ...]
) -> None:
    ours = installation.key(name="made")
    new = installation.access.rotate_key("made", timedelta(hours=1)).secret
    fresh = repeated(way == WAYS[0], True)  # so that its title is what it would be, once
    with Server(None, *way, fresh=fresh) as server:
        answers = [each for secret in (BROUGHT, ours, new, WRONG) for each in use(server, secret)]
        answers.append(say(server, f"GET /v1/models HTTP/1.1\r\nhost: x\r\nx-api-key: {ours}\r\n".encode()))
        for secret in (ours, new, WRONG):
            misplace(server, secret)
        title = titles(server)
        assert server.stop() == 0
        left = {
            "what it printed": server.stdout,
            "what it complained of": server.stderr,
            "titles of processes": title,
            "the database": dump(database),
            **{f"answer {number}": answer.decode("latin-1") for number, answer in enumerate(answers)},
        }
    assert_none((BROUGHT, ours, new, WRONG, STORAGE_PASSWORD), left)
    assert "storage of rate limits" in left["what it complained of"]
    assert "sk-***" in left["what it printed"]
    assert len(re.findall(LINES[way[1]], left["what it printed"])) > 20


@pytest.mark.usefixtures("_environment")
def test_a_command_shows_the_secret_that_it_made_and_no_other(installation: Installation) -> None:
    ours = installation.key(name="made")
    rotated = call("keys", "rotate", "made", "--overlap", "1", "--json")
    secrets = (BROUGHT, ours, json.loads(rotated.stdout)["secret"], STORAGE_PASSWORD)
    done = [
        call("keys", "create", "--name", "twice", "--secret", ours),  # refused: it is another key's
        call("keys", "list", "--json"),
        call("settings", "--json"),
        call("catalog", "history", "--limit", "1000", "--json"),
    ]
    assert [each.returncode for each in done] == [1, 0, 0, 0]
    assert_none(secrets, {" ".join(each.args): each.stdout + each.stderr for each in done[1:]})
    assert_none(secrets, {"the refusal": done[0].stdout + done[0].stderr})
