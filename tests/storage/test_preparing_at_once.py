"""Many that find the same empty database make it once."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.storage.files import ask, make_database

PROGRAM = """
import sys
from datetime import UTC, datetime
from callsheet.service.setup import open_store
print("ready", flush=True)
sys.stdin.readline()
with open_store(sys.argv[1], lambda: datetime.now(UTC)).read() as reading:
    print(reading.installation().organization_id)
"""


def assert_made_once(path: Path, organizations: set[str]) -> None:
    assert ask(path, "SELECT organization_id FROM installation") == [(name,) for name in organizations]
    assert ask(path, "SELECT count(*) FROM workspaces") == [(1,)]
    assert ask(path, "SELECT count(*), max(revision) FROM changes WHERE kind = 'workspace'") == [(1, 1)]
    assert ask(path, "SELECT count(*) FROM alembic_version") == [(1,)]
    assert ask(path, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize("attempt", range(3))
def test_threads_that_prepare_one_database_make_one_installation(tmp_path: Path, attempt: int) -> None:
    path, barrier = tmp_path / "callsheet.db", Barrier(6)

    def prepare(_: int) -> str:
        barrier.wait()
        with make_database(path).read() as reading:
            installation = reading.installation()
        assert installation is not None
        return installation.organization_id

    with ThreadPoolExecutor(6) as pool:
        organizations = set(pool.map(prepare, range(6)))
    assert_made_once(path, organizations)


def test_processes_that_prepare_one_database_make_one_installation(tmp_path: Path) -> None:
    path = tmp_path / "callsheet.db"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, f"sqlite:///{path}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:  # all at once, now that all are loaded
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    outcomes = [process.communicate(timeout=60) for process in processes]
    assert [(process.returncode, error) for process, (_, error) in zip(processes, outcomes, strict=True)] == [
        (0, "")
    ] * 4
    assert_made_once(path, {answer.strip() for answer, _ in outcomes})
