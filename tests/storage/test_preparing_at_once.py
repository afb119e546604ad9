"""Many that find the same empty database make it once."""

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from callsheet.service.setup import open_store
from callsheet.storage import schema
from callsheet.storage.sqlite.database import SQLite
from callsheet.storage.store import Store
from tests.program import call, run_program
from tests.storage.files import NOW, make_database
from tests.storage.files import url_of as url_of_file
from tests.storage.others import Make, ask, url_of
from tests.tiers import first, repeated

PROGRAM = """
import sys
from datetime import UTC, datetime
from callsheet.service.setup import open_store
print("ready", flush=True)
sys.stdin.readline()
with open_store(sys.argv[1], lambda: datetime.now(UTC)).read() as reading:
    print(reading.installation().organization_id)
"""


#: Processes that go at the same moment; they are forked, as starting so many afresh takes long.
FORKING = """
import os, sys
from alembic import command  # what takes long, each would do again
from datetime import UTC, datetime
from callsheet.service.setup import migrate_store
start, go = os.pipe()
children = []
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if not child:
        os.close(go)
        os.read(start, 1)  # until the other end is closed
        try:
            told = "%s %s" % migrate_store(sys.argv[1], lambda: datetime.now(UTC))
        except BaseException as error:
            told = repr(error)
        os.write(1, told.encode() + b"\\n")  # at once, or it would be mixed with what others write
        os._exit(0)
    children.append(child)
os.close(go)
for child in children:
    os.waitpid(child, 0)
"""


def assert_made_once(store: Store, organizations: set[str]) -> None:
    assert ask(store, "SELECT organization_id FROM installation") == [(name,) for name in organizations]
    assert ask(store, "SELECT count(*) FROM workspaces") == [(1,)]
    assert ask(store, "SELECT count(*), max(revision) FROM changes WHERE kind = 'workspace'") == [(1, 1)]
    assert ask(store, "SELECT count(*) FROM alembic_version") == [(1,)]
    if isinstance(store.database, SQLite):
        assert ask(store, "PRAGMA journal_mode") == [("wal",)]


@pytest.mark.parametrize("attempt", first(range(3)))
def test_threads_that_prepare_one_database_make_one_installation(make: Make, attempt: int) -> None:
    store, barrier = make(empty=True), Barrier(6)

    def prepare(_: int) -> str:
        barrier.wait()
        with open_store(url_of(store), lambda: NOW).read() as reading:
            installation = reading.installation()
        assert installation is not None
        return installation.organization_id

    with ThreadPoolExecutor(6) as pool:
        organizations = set(pool.map(prepare, range(6)))
    assert_made_once(store, organizations)


def test_processes_that_prepare_one_database_make_one_installation(make: Make) -> None:
    store, count = make(empty=True), repeated(2, 4)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, url_of(store)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
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
    ] * count
    assert_made_once(store, {answer.strip() for answer, _ in outcomes})


def test_processes_that_migrate_at_once_find_it_done_or_do_it(make: Make) -> None:
    store, count = make(empty=True), repeated(8, 20)
    done = run_program(FORKING, url_of(store), str(count))
    assert (done.returncode, done.stderr) == (0, "")
    told = done.stdout.splitlines()
    assert len(told) == count, done
    assert set(told) <= {f"None {schema.HEAD}", f"{schema.HEAD} {schema.HEAD}"}
    assert f"None {schema.HEAD}" in told
    [(organization,)] = ask(store, "SELECT organization_id FROM installation")
    assert_made_once(store, {organization})


def test_a_file_that_another_thread_made_first_keeps_its_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing any descriptor of a file releases the locks of the process; then others would remove its -wal."""
    path, wal, really_open = tmp_path / "callsheet.db", tmp_path / "callsheet.db-wal", os.open
    made: list[sqlite3.Connection] = []

    def open_second(name: Any, *arguments: Any, **options: Any) -> int:
        if os.fspath(name) == str(path) and not made:
            made.append(sqlite3.connect(path))
            made[0].execute("PRAGMA journal_mode = WAL")
            made[0].execute("PRAGMA schema_version")
        return really_open(name, *arguments, **options)

    monkeypatch.setattr(os, "open", open_second)
    make_database(path)
    with closing(made[0]):
        before = wal.stat().st_ino
        assert call("catalog", "add", "theirs", "--database", url_of_file(path)).returncode == 0
        assert wal.stat().st_ino == before
