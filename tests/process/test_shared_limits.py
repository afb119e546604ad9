"""Rate limits in Valkey: counted together by everybody who uses it, and no reason not to answer."""

import http.client
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation
from tests.program import Server, call, credentials, wait_for
from tests.valkey import PASSWORD, Valkey

KEY = "sk-test-0123456789abcdef"
OTHER = "sk-test-another-0123456789"

AWAY = "ERROR The storage of rate limits cannot be used "
BACK = "WARNING The storage of rate limits answers again; limits apply again."


@pytest.fixture
def database(installation: Installation) -> Path:
    """The file of an installation with two keys."""
    installation.key(secret=KEY)
    installation.key(name="other", secret=OTHER)
    return Path(installation.url.removeprefix("sqlite:///"))


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with Valkey() as server:
        yield server


def ask(server: Server, key: str = KEY, address: str = "203.0.113.1") -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, JSON and headers of a request for the list from ``address``."""
    connection = server.connect()
    try:
        connection.request("GET", "/v1/models", headers={**credentials(key), "x-forwarded-for": address})
        response = connection.getresponse()
        return response.status, json.load(response), {name.lower(): value for name, value in response.getheaders()}
    finally:
        connection.close()


def statuses(server: Server, times: int, key: str = KEY, address: str = "203.0.113.1") -> list[int]:
    return [ask(server, key, address)[0] for _ in range(times)]


def test_two_servers_count_together(database: Path, valkey: Valkey) -> None:
    valkey.start()
    limits = ("--rate-limit-key", "5/hour", "--rate-limit-failures", "3/hour", "--rate-limit-storage", valkey.url)
    with Server(database, *limits) as one, Server(database, *limits) as two:
        assert statuses(one, 3) + statuses(two, 4) + statuses(one, 1) == [200] * 5 + [429] * 3
        assert statuses(one, 1, OTHER) + statuses(two, 1, OTHER) == [200, 200]
        status, body, headers = ask(two)
        assert (status, body["error"]["type"]) == (429, "rate_limit_error")
        assert 3500 < int(headers["retry-after"]) <= 3600
        assert statuses(one, 2, "wrong") + statuses(two, 1, "wrong") == [401] * 3
        assert statuses(one, 1, OTHER) + statuses(two, 1, OTHER) == [429, 429]
        assert statuses(two, 1, OTHER, "203.0.113.2") == [200]
        (one_key,) = (name for name in valkey.names() if "failures" in name)
        assert one_key == "callsheet:LIMITER/failures/203.0.113.1/3/1/hour"
        assert not any(secret in name for name in valkey.names() for secret in (KEY, OTHER, "wrong"))
        for server in (one, two):
            assert server.stop() == 0
            assert server.stderr == ""


def test_workers_count_together(database: Path, valkey: Valkey) -> None:
    valkey.start()
    limits = ("--rate-limit-address", "10/hour", "--rate-limit-storage", valkey.url)
    with Server(database, "--workers", "2", *limits) as server:
        assert sorted(statuses(server, 20)) == [200] * 10 + [429] * 10
        assert server.stop() == 0
        assert server.stderr == ""


def test_a_window_ends(database: Path, valkey: Valkey) -> None:
    valkey.start()
    limits = ("--rate-limit-key", "1/second", "--rate-limit-storage", valkey.url)
    with Server(database, *limits) as server:
        wait_for(lambda: 429 in statuses(server, 2), "a refusal")
        wait_for(lambda: statuses(server, 1) == [200], "the next window")
        assert server.stop() == 0


def test_without_the_storage_nobody_is_limited_and_that_is_said_once(database: Path, valkey: Valkey) -> None:
    limits = ("--rate-limit-key", "1/hour", "--rate-limit-storage", valkey.url)
    with Server(database, *limits) as server:
        assert statuses(server, 30) == [200] * 30
        assert server.stderr.count(AWAY) == 1
        valkey.start()
        wait_for(lambda: 429 in statuses(server, 2), "the limit")
        assert server.stderr.count(BACK) == 1
        valkey.stop()
        assert statuses(server, 5) == [429] * 5  # this process remembers whom it has refused
        assert statuses(server, 5, OTHER) == [200] * 5
        assert server.stderr.count(AWAY) == 2
        valkey.start()
        wait_for(lambda: 429 in statuses(server, 2, OTHER), "the limit, again")
        assert server.stop() == 0
        assert server.stderr.count(BACK) == 2
        assert "Traceback" not in server.stderr
        assert PASSWORD not in server.stderr + server.stdout


def test_a_storage_that_hangs_holds_up_one_request_and_no_other(database: Path, valkey: Valkey) -> None:
    valkey.start()
    limits = ("--rate-limit-key", "1000/hour", "--rate-limit-storage", valkey.url)
    with Server(database, *limits) as server:
        assert statuses(server, 3) == [200] * 3
        valkey.freeze()
        waiting = threading.Thread(target=ask, args=(server,))
        begun = time.monotonic()
        waiting.start()
        healthy = 0
        while waiting.is_alive():
            assert server.get("/healthz")[0] == 200
            healthy += 1
        waiting.join()
        assert healthy > 3, "the event loop was held up"
        one = time.monotonic() - begun
        assert statuses(server, 10) == [200] * 10
        assert time.monotonic() - begun - one < 5 * one, "each waits for the storage"
        assert server.stderr.count(AWAY) == 1
        assert "TimeoutError" in server.stderr
        valkey.thaw()
        wait_for(lambda: statuses(server, 1) == [200] and BACK in server.stderr, "its return")
        assert server.stop() == 0


def test_many_at_once_share_few_connections(database: Path, valkey: Valkey) -> None:
    valkey.start()
    limits = ("--rate-limit-key", "150/hour", "--rate-limit-storage", valkey.url)
    with Server(database, *limits) as server:
        connections = [server.connect() for _ in range(200)]
        for connection in connections:
            connection.request("GET", "/v1/models?limit=1", headers=credentials(KEY))
        found = [read(connection) for connection in connections]
        assert sorted(found) == [200] * 150 + [429] * 50
        assert server.stop() == 0
        assert server.stderr == ""


def read(connection: http.client.HTTPConnection) -> int:
    try:
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def test_a_wrong_password_is_told_without_any_password(database: Path, valkey: Valkey) -> None:
    valkey.start()
    url = valkey.url.replace(PASSWORD, "hunter2")
    with Server(database, "--rate-limit-key", "1/hour", "--rate-limit-storage", url) as server:
        assert statuses(server, 3) == [200] * 3
        assert server.stderr.count(AWAY) == 1
        assert "hunter2" not in server.stderr
        assert server.stop() == 0


def test_a_url_that_cannot_be_used_is_refused_at_the_start(database: Path) -> None:
    limits = ("--rate-limit-key", "1/hour", "--rate-limit-storage", f"redis://:{PASSWORD}@localhost:port")
    done = call("serve", "--port", "0", "--database", f"sqlite:///{database}", *limits)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"callsheet: rate_limit_storage is not a usable URL: .*\.\n", done.stderr)
    assert PASSWORD not in done.stderr
