"""The Admin API of a real server: switched on by the first admin key, whole after kill -9, in a fleet, apart."""

import http.client
import json
import os
import random
import signal
import socket
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
from tests.process.test_draining import end_by
from tests.process.test_postgresql import serving
from tests.process.test_worker_metrics import told
from tests.process.test_workers import needs_proc
from tests.program import DEADLINE, Server, call, wait_for
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
def url(request: pytest.FixtureRequest, database: Path) -> str:
    """That of a database that is set up."""
    if request.param == "sqlite":
        return f"sqlite:///{database}"
    made: str = request.getfixturevalue("postgres").make(request.getfixturevalue("postgres_template"))
    return made


@pytest.fixture
def replicas(url: str) -> Iterator[tuple[str, Server, Server]]:
    """The URL of a database, and two servers over it."""
    with serving(url) as one, serving(url) as other:
        yield url, one, other


def test_the_first_admin_key_switches_it_on_without_a_restart(database: Path) -> None:
    with Server(database) as server:
        status, refused = send(server.port, "GET", "/me", "sk-cs-admin-none")
        assert (status, refused["error"]) == (404, {"type": "not_found_error", "message": "Not found"})
        key = admin_key(f"sqlite:///{database}")
        wait_for(lambda: send(server.port, "GET", "/me", key)[0] == 200, "the Admin API")
        assert send(server.port, "GET", "/me", key)[1]["type"] == "organization"


def admin_port(server: Server) -> int:
    """Where it has its Admin API."""
    return int(server.printed(r"The Admin API is at http://127\.0\.0\.1:(\d+)/v1/organizations\n")[1])


def serving_process(server: Server, port: int) -> int:
    """The one child of the server that listens at ``port``."""
    rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = [row.split() for row in rows]
    inodes = {each[9] for each in fields if each[1].endswith(f":{port:04X}") and each[3] == "0A"}  # it listens
    listening = {f"socket:[{inode}]" for inode in inodes}
    found = []
    for pid in children(server):
        with suppress(OSError):  # it has just ended
            open_files = {str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir()}
            found += [pid] if open_files & listening else []
    return found[0] if len(found) == 1 else 0


def children(server: Server) -> list[int]:
    """The processes that the server has started, as Linux knows them."""
    return [
        int(pid)
        for pid in Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    ]


def test_a_listener_for_itself_serves_nothing_else(database: Path) -> None:
    key = admin_key(f"sqlite:///{database}")
    every: list[tuple[str, ...]] = [(), ("--workers", "2")]
    for flags in repeated(every[:1], every):
        with Server(database, "--admin-host", "127.0.0.1", *flags) as server:
            port = admin_port(server)
            wait_for(lambda at=port: send(at, "GET", "/me", key)[0] == 200)  # type: ignore[misc]
            assert send(server.port, "GET", "/me", key)[0] == 404
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
            connection.request("GET", "/v1/models", headers={"x-api-key": key})
            assert connection.getresponse().status == 404
            connection.close()
            assert server.stop() == 0
            assert server.stderr == ""


@needs_proc
def test_the_process_of_the_admin_api_is_replaced_while_lists_go_on_and_ends_with_the_others(
    url: str,
) -> None:
    key, listing = admin_key(url), Installation(url).key()
    with serving(url, "--admin-host", "127.0.0.1") as server:
        port = admin_port(server)
        wait_for(lambda: send(port, "GET", "/me", key)[0] == 200)
        made = send(port, "POST", "/api_keys", key, {"name": "a"})[1]
        wait_for(lambda: server.get("/v1/models", made["secret"])[0] == 200, "the key to be known where lists are")
        killed = wait_for(lambda: serving_process(server, port))
        assert killed != serving_process(server, server.port)
        figures = wait_for(
            lambda: (found := told(server))["callsheet_workers"] == 2 and found, "both to be counted"
        )
        assert figures["callsheet_workers_wanted"] == 2
        counted = 'callsheet_admin_requests_total{operation="createAPIKey",status="200"}'
        wait_for(lambda: told(server).get(counted) == 1)
        os.kill(killed, signal.SIGKILL)
        assert server.get("/v1/models", listing)[0] == 200
        wait_for(lambda: serving_process(server, port) not in (0, killed), "another one")
        assert wait_for(lambda: send(port, "GET", f"/api_keys/{made['id']}", key))[0] == 200
        assert server.get("/v1/models", listing)[0] == 200
        assert told(server)[counted] == 1  # what it had counted counts on
        started = children(server)
        assert server.stop() == 0
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), "the end of every process")
        assert server.stderr == ""


@exhaustive
@needs_proc
def test_a_server_that_drains_answers_administration_on_and_a_second_signal_ends_it(database: Path) -> None:
    key = admin_key(f"sqlite:///{database}")
    with Server(database, "--admin-host", "127.0.0.1", "--drain-seconds", "600") as server:
        port = admin_port(server)
        wait_for(lambda: send(port, "GET", "/me", key)[0] == 200)
        server.send(signal.SIGTERM)
        wait_for(lambda: server.get("/readyz")[0] == 503, "the end to be told")
        assert send(port, "GET", "/me", key)[0] == 200
        started = children(server)
        end_by(server, signal.SIGTERM)
        assert server.ended() == -signal.SIGTERM
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started), "the end of every process")


def test_a_port_that_is_taken_is_refused_in_a_sentence_and_nothing_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = call(
            *("serve", "--port", "0", "--admin-port", str(port)),
            *("--database", f"sqlite:///{tmp_path / 'callsheet.db'}"),
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"callsheet: Cannot listen on 127.0.0.1 port {port}: Address already in use; "
        "choose others with --admin-host and --admin-port.\n"
    )
    assert list(tmp_path.iterdir()) == []


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
