"""A stop that gives others time to notice: /readyz says it, answers go on, and nothing is lost."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation
from tests.process.test_workers import needs_proc, session, workers
from tests.program import Server, credentials, wait_for
from tests.tiers import first, repeated

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def database(installation: Installation) -> Path:
    """The file of an installation with `KEY`."""
    installation.key(secret=KEY)
    return Path(installation.store.display_name)


def ask(connection: http.client.HTTPConnection, target: str) -> http.client.HTTPResponse:
    """One request on a connection that may have been used before."""
    connection.request("GET", target, headers=credentials(KEY))
    response = connection.getresponse()
    response.read()
    return response


@pytest.mark.parametrize("flags", [(), ("--no-fast",), ("--workers", "2")], ids=["fast", "plain", "workers"])
def test_a_server_that_drains_says_so_answers_on_and_ends_with_0(database: Path, flags: tuple[str, ...]) -> None:
    with Server(database, "--drain-seconds", "4", *flags) as server:
        kept = [server.connect() for _ in range(8)]  # with two workers, each has some
        for _ in range(3):  # so that the answer is remembered
            assert {ask(each, "/v1/models").status for each in kept} == {200}
        begun = time.monotonic()
        server.send(signal.SIGTERM)
        wait_for(lambda: all(server.get("/readyz")[0] == 503 for _ in range(8)), "the end to be told")
        assert server.get("/readyz")[1]["status"] == "stopping"
        for each in kept:  # within a second, every answer is the last on its connection
            wait_for(lambda each=each: ask(each, "/v1/models").getheader("connection") == "close")  # type: ignore[misc]
            each.close()
        assert server.get("/v1/models", KEY)[0] == 200  # new ones are taken
        assert server.process.poll() is None
        assert server.ended() == 0
        assert time.monotonic() - begun > 4
        assert server.stderr == ""


@pytest.mark.parametrize("number", first([signal.SIGTERM, signal.SIGINT]))
def test_a_second_signal_ends_it_at_once(database: Path, number: signal.Signals) -> None:
    with Server(database, "--drain-seconds", "600") as server:
        server.send(number)
        wait_for(lambda: server.get("/readyz")[0] == 503, "the end to be told")
        end_by(server, number)
        assert server.ended() == -number


@needs_proc
def test_a_second_signal_ends_all_workers_at_once(database: Path) -> None:
    with Server(database, "--drain-seconds", "600", "--workers", "2") as server:
        wait_for(lambda: len(workers(server)) == 2)
        server.send(signal.SIGTERM)
        wait_for(lambda: all(server.get("/readyz")[0] == 503 for _ in range(8)), "the end to be told")
        end_by(server, signal.SIGTERM)
        assert server.ended() == -signal.SIGTERM
        wait_for(lambda: session(server) == {}, "the end of every process")


def end_by(server: Server, number: signal.Signals) -> None:
    """Send a signal until it is taken for a second one: soon after the first, it is taken for an echo."""

    def ended() -> bool:
        server.send(number)
        return server.process.poll() is not None

    wait_for(ended, "the end")


@needs_proc
@pytest.mark.parametrize("flags", [(), ("--workers", "2")], ids=["one", "workers"])
def test_one_signal_told_twice_to_everybody_is_one(database: Path, flags: tuple[str, ...]) -> None:
    with Server(database, "--drain-seconds", "2", *flags) as server:
        wait_for(lambda: not flags or len(workers(server)) == 2)
        assert all(server.get("/readyz")[0] == 200 for _ in range(8))
        os.killpg(server.process.pid, signal.SIGTERM)
        os.killpg(server.process.pid, signal.SIGTERM)
        wait_for(lambda: all(server.get("/readyz")[0] == 503 for _ in range(8)), "the end to be told")
        assert server.get("/v1/models", KEY)[0] == 200
        assert server.ended() == 0
        assert server.stderr == ""


class Balancer:
    """Sends requests to those that are ready, over connections that are kept as long as the server likes."""

    #: Between two requests of a client, or questions who is ready, in seconds: the servers need the processor.
    PAUSE = repeated(0.02, 0.005)

    def __init__(self, replicas: list[Server]) -> None:
        self.replicas = replicas
        self.ready: list[Server] = list(replicas)
        self.answered = 0
        self.lost: list[str] = []
        self._ended = threading.Event()

    @contextmanager
    def at_work(self, clients: int) -> Iterator[None]:
        threads = [threading.Thread(target=self._look)]
        threads += [threading.Thread(target=self._ask) for _ in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            for thread in threads:
                thread.join()

    def _look(self) -> None:
        while not self._ended.wait(self.PAUSE):
            self.ready = [replica for replica in self.replicas if self._is_ready(replica)]

    @staticmethod
    def _is_ready(replica: Server) -> bool:
        try:
            return bool(replica.get("/readyz")[0] == 200)
        except OSError:
            return False

    def _ask(self) -> None:
        kept: dict[int, http.client.HTTPConnection] = {}
        for number in count():
            if self._ended.wait(self.PAUSE):
                break
            ready = self.ready
            replica = ready[number % len(ready)]
            connection = kept.pop(replica.port, None) or replica.connect()
            try:
                response = ask(connection, ("/v1/models", f"/v1/models?limit={number % 1000 + 1}")[number % 2])
            except (OSError, http.client.HTTPException) as error:
                self.lost.append(repr(error))
                continue
            self.answered += response.status == 200
            if response.status != 200:
                self.lost.append(str(response.status))
            if response.getheader("connection") == "close":
                connection.close()
            else:
                kept[replica.port] = connection
        for connection in kept.values():
            connection.close()


def test_no_request_is_lost_while_replicas_are_replaced_one_by_one_under_load(database: Path) -> None:
    with ExitStack() as opened:
        start: Any = lambda: opened.enter_context(Server(database, "--drain-seconds", "2"))  # noqa: E731
        balancer = Balancer([start(), start()])
        with balancer.at_work(clients=4):
            for _ in range(2):
                new = start()
                old = balancer.replicas[0]
                balancer.replicas = [*balancer.replicas, new]
                wait_for(lambda new=new: new in balancer.ready, "the new one to be ready")  # type: ignore[misc]
                assert old.stop() == 0
                assert old not in balancer.ready
                balancer.replicas = balancer.replicas[1:]
        assert balancer.lost == []
        assert balancer.answered > 100
