"""The Admin API of a real server: switched on by the first admin key, whole after kill -9, in a fleet, apart."""

import http.client
import json
import random
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.access.admin_key import Scope
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.setup import open_store
from tests.installation import Installation, now
from tests.process.test_postgresql import serving
from tests.program import DEADLINE, Server, wait_for
from tests.tiers import exhaustive, repeated

ROOT = "/v1/organizations"


def send(port: int, method: str, path: str, key: str, body: object = None, **headers: str) -> tuple[int, Any]:
    """Ask a server on this machine; OSError or HTTPException if it goes away meanwhile."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else json.dumps(body)
        connection.request(method, f"{ROOT}{path}", content, {"x-api-key": key, **sent})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "callsheet.db"
    open_store(f"sqlite:///{path}", now)
    return path


def admin_key(url: str) -> str:
    return AdminKeyService(Installation(url).store, "test", now).create("root", [Scope.ALL]).secret


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=exhaustive)])
def replicas(request: pytest.FixtureRequest, database: Path) -> Iterator[tuple[str, Server, Server]]:
    """The URL of a database, and two servers over it."""
    if request.param == "sqlite":
        url = f"sqlite:///{database}"
        with Server(database) as one, Server(database) as other:
            yield url, one, other
        return
    url = request.getfixturevalue("postgres").make(request.getfixturevalue("postgres_template"))
    with serving(url) as one, serving(url) as other:
        yield url, one, other


def test_the_first_admin_key_switches_it_on_without_a_restart(database: Path) -> None:
    with Server(database) as server:
        status, refused = send(server.port, "GET", "/me", "sk-cs-admin-none")
        assert (status, refused["error"]) == (404, {"type": "not_found_error", "message": "Not found"})
        key = admin_key(f"sqlite:///{database}")
        wait_for(lambda: send(server.port, "GET", "/me", key)[0] == 200, "the Admin API")
        assert send(server.port, "GET", "/me", key)[1]["type"] == "organization"


def test_a_listener_for_itself_serves_nothing_else(database: Path) -> None:
    key = admin_key(f"sqlite:///{database}")
    for flags in ((), ("--workers", "2")):
        with Server(database, "--admin-host", "127.0.0.1", *flags) as server:
            port = int(server.printed(r"The Admin API is at http://127\.0\.0\.1:(\d+)/v1/organizations\n")[1])
            wait_for(lambda at=port: send(at, "GET", "/me", key)[0] == 200)  # type: ignore[misc]
            assert send(server.port, "GET", "/me", key)[0] == 404
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
            connection.request("GET", "/v1/models", headers={"x-api-key": key})
            assert connection.getresponse().status == 404
            connection.close()
            assert server.stop() == 0


def test_after_kill_9_a_repeated_request_makes_nothing_twice(replicas: tuple[str, Server, Server]) -> None:
    url, one, other = replicas
    key, dice = admin_key(url), random.Random(7)
    for server in (one, other):
        wait_for(lambda at=server.port: send(at, "GET", "/me", key)[0] == 200)  # type: ignore[misc]
    names = [f"key-{number}" for number in range(repeated(12, 60))]
    killed = threading.Timer(dice.uniform(0.01, 0.08), one.process.send_signal, [signal.SIGKILL])
    killed.start()
    answered = {}
    for name in names:
        with suppress(OSError, http.client.HTTPException):
            answered[name] = send(one.port, "POST", "/api_keys", key, {"name": name}, idempotency_key=name)
    killed.join()
    for name in names:
        status, again = send(other.port, "POST", "/api_keys", key, {"name": name}, idempotency_key=name)
        assert status == 200
        first = answered.get(name)
        assert first is None or first[1]["id"] == again["id"]
        assert (again["secret"] is None) == (again["note"] is not None)
    keys = Installation(url).access.list_keys()
    assert sorted(each.name for each in keys if each.name.startswith("key-")) == sorted(names)


def test_of_two_replicas_one_gets_a_revision(replicas: tuple[str, Server, Server]) -> None:
    url, one, other = replicas
    key = admin_key(url)
    for server in (one, other):
        wait_for(lambda at=server.port: send(at, "GET", "/me", key)[0] == 200)  # type: ignore[misc]
    for number in range(repeated(4, 20)):
        with Installation(url).store.read() as reading:
            found = reading.installation()
        assert found is not None
        etag = f'"{found.revision}"'
        answers: dict[int, tuple[int, Any]] = {}

        def create(port: int, name: str, at: str = etag, into: Any = answers) -> None:
            into[port] = send(port, "POST", "/workspaces", key, {"name": name}, if_match=at)

        threads = [
            threading.Thread(target=create, args=(server.port, f"{number} {server.port}"))
            for server in (one, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(status for status, _ in answers.values()) == [200, 412]


def test_while_the_database_is_away_the_envelope_says_so(database: Path) -> None:
    key = admin_key(f"sqlite:///{database}")
    with Server(database) as server:
        wait_for(lambda: send(server.port, "GET", "/me", key)[0] == 200)
        hidden = database.with_suffix(".away")
        database.rename(hidden)
        for method, path, body in (("GET", "/api_keys", None), ("POST", "/api_keys", {"name": "a"})):
            status, refused = send(server.port, method, path, key, body)
            assert (status, refused["error"]["type"]) == (529, "overloaded_error")
            assert refused["error"]["details"]["error_code"] == "database_unavailable"
            assert str(database) not in json.dumps(refused)
        hidden.rename(database)
        wait_for(lambda: send(server.port, "POST", "/api_keys", key, {"name": "a"})[0] == 200)


def test_secrets_are_shown_once_and_are_nowhere_else(database: Path) -> None:
    key = admin_key(f"sqlite:///{database}")
    with Server(database, "--access-log", "json") as server:
        wait_for(lambda: send(server.port, "GET", "/me", key)[0] == 200)
        _, made = send(server.port, "POST", "/api_keys", key, {"name": "a"}, idempotency_key="a")
        secrets = [key, made["secret"]]
        shown = [
            send(server.port, "POST", "/api_keys", key, {"name": "a"}, idempotency_key="a"),
            send(server.port, "GET", f"/api_keys/{made['id']}", key),
            send(server.port, "GET", "/api_keys", key),
            send(server.port, "GET", "/admin_keys", key),
            send(server.port, "POST", "/api_keys?dry_run=true", key, {"name": "b"}),
            send(server.port, "POST", f"/api_keys/{made['id']}/rotate?dry_run=true", key, {}),
            send(server.port, "GET", f"/api_keys/{key}", key),  # by mistake in a path
        ]
        assert server.stop() == 0
        texts = [json.dumps(shown[:-1]), server.stdout, server.stderr]
    texts += [path.read_bytes().decode("latin-1") for path in database.parent.glob("callsheet.db*")]
    assert made["id"] in "".join(texts)
    for text in texts:
        assert not any(secret in text for secret in secrets)
