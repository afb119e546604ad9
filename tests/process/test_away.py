"""Servers whose database is away: at the start, or while they run."""

import json
import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pytest

from tests.installation import KINDS
from tests.outages import Outages, outages
from tests.postgres import Server as PostgreSQL
from tests.process.test_slow_callers import metrics
from tests.process.test_workers import needs_proc, workers
from tests.program import Program, Server, call, wait_for
from tests.tiers import first

KEY = "sk-test-0123456789abcdef"


class Replica(Server):
    """A server that may have to wait for its database."""

    def __init__(self, url: str, *arguments: str) -> None:
        super().__init__(None, "--database", url, *arguments)

    def wait_until_up(self) -> Self:
        """Wait until it listens."""
        found = self.printed(r" at (http://(127\.0\.0\.1):(\d+))[\n;]")
        self.url, self.host, self.port = found[1], found[2], int(found[3])
        return self

    def ready(self) -> tuple[int, str, str]:
        """What /readyz answers: the code, and two of its words."""
        code, told = self.get("/readyz")
        return code, told["status"], told["database"]


@pytest.fixture(params=first(KINDS))
def away(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outages]:
    """An installation with `KEY`, whose database can be taken away."""
    with outages(request.param, tmp_path) as made:
        made.installation.key(name="mine", secret=KEY)
        yield made


@pytest.fixture
def stopped() -> Iterator[PostgreSQL]:
    """A PostgreSQL server that does not run, with a database nothing has been made in."""
    with PostgreSQL() as server:
        server.stop()
        yield server


@pytest.fixture
def saved(away: Outages, tmp_path: Path) -> tuple[str, ...]:
    """The flags for a state file that holds the installation."""
    flags = ("--state-file", str(tmp_path / "state"))
    with Replica(away.url, *flags) as server:
        assert server.get("/v1/models", KEY)[0] == 200
        assert server.stop() == 0
        assert server.stderr == ""
    return flags


@pytest.mark.parametrize("count", first(["1", "2"]))
def test_a_start_while_the_database_is_away_answers_from_the_state_file(
    away: Outages, saved: tuple[str, ...], count: str
) -> None:
    away.begin()
    with Replica(away.url, *saved, "--workers", count) as server:
        assert f"Callsheet listens at {server.url}; it waits for its database, which is away.\n" in server.stdout
        wait_for(lambda: server.ready() == (200, "degraded", "away"), "the first answer")
        status, page = server.get("/v1/models?limit=1000", KEY)
        assert (status, len(page["data"]) > 10) == (200, True)
        assert f" in {saved[1]}, true " in server.stderr
        away.end()
        wait_for(lambda: all(server.ready() == (200, "ok", "up") for _ in range(5)), "the return")
        server.printed(r"Callsheet serves \d+ models at ")
        assert call("keys", "disable", "mine", "--database", away.url).returncode == 0
        wait_for(lambda: all(server.get("/v1/models", KEY)[0] == 401 for _ in range(5)), "the disabled key")
        assert server.stop() == 0
        assert "Traceback" not in server.stderr


def test_the_state_of_a_database_that_another_environment_names_is_not_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, flags = "postgresql:///postgres", ("--state-file", str(tmp_path / "state"))
    with PostgreSQL() as server:
        for name, value in (("PGHOST", "127.0.0.1"), ("PGPORT", str(server.port)), ("PGUSER", "postgres")):
            monkeypatch.setenv(name, value)
        with Replica(url, *flags) as replica:
            key = replica.key
            assert replica.stop() == 0
    with Replica(url, *flags) as replica:
        assert replica.get("/v1/models", key)[0] == 200
    monkeypatch.setenv("PGPORT", "1")
    with Replica(url, *flags) as replica:
        assert replica.ready() == (503, "starting", "away")
        assert replica.get("/v1/models", key)[0] == 529
        assert f"The state file {tmp_path}/state is of another database, " in replica.stderr


@pytest.mark.parametrize("count", first(["2", "1"]))
def test_a_start_on_nothing_waits_and_makes_everything_when_the_database_comes(
    stopped: PostgreSQL, count: str, tmp_path: Path
) -> None:
    flags = ("--state-file", str(tmp_path / "state"), "--workers", count, "--rate-limit-failures", "3/hour")
    with Replica(stopped.url, *flags) as server:
        wait_for(lambda: server.ready() == (503, "starting", "away"), "the first answer")
        told = server.get("/readyz")[1]
        assert (told["revision"], told["age_seconds"], told["models"]) == (None, None, 0)
        for _ in range(5):  # nobody has failed to authenticate
            status, refusal = server.get("/v1/models", KEY)
            assert (status, refusal["error"]) == (529, {"type": "overloaded_error", "message": "Overloaded"})
        assert server.get("/v1/nothing", KEY)[0] == 404
        assert server.get("/healthz")[0] == 200
        assert "sk-cs-" not in server.stdout
        stopped.start()
        key = server.key  # printed when it was made
        wait_for(lambda: "\ncallsheet_state_revision 2\n" in metrics(server), "all processes to know the key")
        assert all(server.get("/v1/models", key)[0] == 200 for _ in range(10))
        wait_for(lambda: server.ready() == (200, "ok", "up"), "the database to be followed")
        assert server.stdout.count("ANTHROPIC_API_KEY=") == 1
        assert server.stop() == 0
        assert "Traceback" not in server.stderr


def is_open(connection: socket.socket) -> bool:
    """Whether the other side has not closed it."""
    connection.settimeout(0)
    try:
        while connection.recv(1000):
            pass
    except BlockingIOError:
        return True
    return False


def test_a_start_waits_only_once_for_a_host_that_does_not_answer() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://user@127.0.0.1:{silent.getsockname()[1]}/db?connect_timeout=5"
        with Program("serve", "--port", "0", "--database", url) as server:
            connected, _ = silent.accept()
            with connected:
                server.printed("waits for its database, which is away")
            silent.settimeout(0)
            with suppress(BlockingIOError):  # it may have begun to follow the database, but not have given up again
                again, _ = silent.accept()
                with again:
                    assert is_open(again)


@pytest.mark.parametrize("count", first(["1", "2"]))
def test_a_server_that_waits_for_its_database_can_be_stopped(stopped: PostgreSQL, count: str) -> None:
    with Replica(stopped.url, "--workers", count) as server:
        wait_for(lambda: server.ready() == (503, "starting", "away"), "the first answer")
        assert server.stop() == 0


@pytest.mark.parametrize("away", KINDS, indirect=True)
def test_an_outage_is_outlived_and_told(away: Outages) -> None:
    with Replica(away.url, "--max-stale-seconds", "1.5") as server:
        answer = server.get("/v1/models", KEY)
        assert answer[0] == 200
        wait_for(lambda: server.ready() == (200, "ok", "up"), "the database to be followed")
        away.begin()
        wait_for(lambda: server.ready() == (200, "degraded", "away"), "the outage")
        wait_for(lambda: server.ready() == (503, "degraded", "away"), "it to be too long")
        assert server.get("/readyz")[1]["age_seconds"] > 1.5
        assert server.get("/v1/models", KEY) == answer  # asked all the same, it answers
        done = call("keys", "disable", "mine", "--database", away.url)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(r"callsheet: .*\.\n", done.stderr), done.stderr
        away.end()
        wait_for(lambda: server.ready() == (200, "ok", "up"), "the return")
        assert server.stop() == 0
        assert server.stderr.count(" INFO The database answers again, at revision ") == 1
        assert "Traceback" not in server.stderr


@pytest.mark.parametrize("flags", [(), ("--no-fast",)], ids=["fast", "plain"])
def test_head_is_answered_like_get_without_a_body(stopped: PostgreSQL, flags: tuple[str, ...]) -> None:
    with Replica(stopped.url, *flags) as server:
        wait_for(lambda: server.ready()[0] == 503, "the first answer")
        for path, status in (("/readyz", 503), ("/healthz", 200), ("/v1/models", 529)):
            connection = server.connect()
            connection.request("HEAD", path, headers={"x-api-key": KEY})
            response = connection.getresponse()
            assert (response.status, response.read()) == (status, b"")
            connection.close()


@needs_proc
def test_a_worker_replaced_during_an_outage_answers_from_the_state_file(
    away: Outages, saved: tuple[str, ...]
) -> None:
    with Replica(away.url, *saved, "--workers", "2") as server:
        before = wait_for(lambda: len(workers(server)) == 2 and workers(server))
        wait_for(lambda: server.ready() == (200, "ok", "up"), "the first answer")
        away.begin()
        for worker in before:
            with suppress(ProcessLookupError):  # one that took long to begin is replaced by the supervisor itself
                os.kill(worker, signal.SIGKILL)
        wait_for(lambda: len(workers(server)) == 2 and not set(workers(server)) & set(before), "new workers")
        assert all(server.get("/v1/models", KEY)[0] == 200 for _ in range(10))
        assert server.ready() == (200, "degraded", "away")
        away.end()
        assert server.stop() == 0


def test_what_is_wrong_rather_than_away_is_refused_with_a_state_file_too(tmp_path: Path) -> None:
    database = tmp_path / "callsheet.db"
    flags = ("--port", "0", "--database", f"sqlite:///{database}", "--state-file", str(tmp_path / "state"))
    with Program("serve", *flags) as server:
        server.printed("Callsheet serves ")
        assert server.stop() == 0
    database.write_text("Dear Sir or Madam, " * 100)
    done = call("serve", *flags)
    assert done.returncode == 1
    assert done.stderr == (
        f"callsheet: The database {database} is not a SQLite database; name another with --database.\n"
    )


def test_the_state_file_is_nothing_to_whom_it_does_not_belong(tmp_path: Path) -> None:
    file = tmp_path / "letter"
    file.write_text("Dear Sir or Madam, ")
    with Server(tmp_path / "callsheet.db", "--state-file", str(file)) as server:
        wait_for(
            lambda: (
                f"The state file {file} was not written by Callsheet; remove it, or name another with --state-file."
                in server.stderr
            ),
            "the complaint",
        )
        told: Any = server.get("/readyz")[1]
        assert json.dumps(told).startswith('{"status": "ok"')
        assert server.stop() == 0
    assert file.read_text() == "Dear Sir or Madam, "
