"""``/metrics`` with several workers: whichever is asked tells the figures of all."""

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from tests.installation import Installation
from tests.process.test_workers import workers
from tests.program import Server, credentials, wait_for
from tests.tiers import repeated

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the workers by /proc, which Linux has")

KEY = "sk-test-0123456789abcdef"

LISTED = 'callsheet_requests_total{route="list",status="200",dialect="anthropic"}'


@pytest.fixture
def database(installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an installation with a key; temporary files go beside it."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    installation.key(secret=KEY)
    return Path(installation.url.removeprefix("sqlite:///"))


def told(server: Server) -> dict[str, float]:
    """What one of the workers tells; each request has a connection of its own, so any may."""
    connection = server.connect()
    try:
        connection.request("GET", "/metrics", headers=credentials(KEY))
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def ask(server: Server, times: int) -> None:
    """Ask on connections of their own."""
    for _ in range(times):
        assert server.get("/v1/models?limit=1", KEY)[0] == 200


def wait_for_workers(server: Server, number: int) -> dict[str, float]:
    """Wait until so many count; return what is told then."""
    return wait_for(lambda: (found := told(server))["callsheet_workers"] == number and found, "the workers")


def test_any_worker_tells_the_answers_of_all(database: Path) -> None:
    with Server(database, "--workers", "2") as server:
        wait_for_workers(server, 2)
        ask(server, 40)
        wait_for(lambda: told(server).get(LISTED) == 40, "all answers to be told")
        for _ in range(10):
            figures = told(server)
            assert figures[LISTED] == figures["callsheet_request_seconds_count"] == 40
            assert figures["callsheet_models"] == 34
            assert figures["callsheet_workers"] == figures["callsheet_workers_wanted"] == 2
            assert figures["callsheet_connections"] >= 1
            assert figures["process_resident_memory_bytes"] > 50_000_000


def test_no_counter_ever_seems_to_fall_whichever_worker_is_asked(database: Path) -> None:
    with Server(database, "--workers", "2") as server:
        wait_for_workers(server, 2)
        asking = threading.Thread(target=ask, args=(server, repeated(50, 150)))
        asking.start()
        seen: list[float] = []
        while asking.is_alive():
            seen.append(told(server).get(LISTED, 0))
        assert seen == sorted(seen)
        assert seen[-1] > 0


def test_what_a_killed_worker_has_counted_still_counts_and_it_leaves_nothing_else(
    database: Path, tmp_path: Path
) -> None:
    with Server(database, "--workers", "2") as server:
        before = wait_for_workers(server, 2)
        for _ in range(repeated(1, 3)):
            ask(server, 20)
            before = told(server)
            killed = workers(server)[0]
            os.kill(killed, signal.SIGKILL)
            wait_for(lambda gone=killed: gone not in workers(server) and len(workers(server)) == 2)  # type: ignore[misc]
            after = wait_for_workers(server, 2)
            assert after[LISTED] >= before[LISTED] > 0
            assert after["process_cpu_seconds_total"] >= before["process_cpu_seconds_total"] * 0.99
            assert after["process_resident_memory_bytes"] < before["process_resident_memory_bytes"] * 1.5
        (folder,) = (tmp_path / "temporary").glob("callsheet-*")
        assert folder.stat().st_mode & 0o077 == 0
        assert len(list(folder.glob("*.json"))) == 2  # a new worker goes on with the file of a dead one
        assert server.stop() == 0
        assert not folder.exists()
        assert server.stderr == ""
