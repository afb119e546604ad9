"""Many who write at once: nothing is lost, and revisions follow one another as the commits do."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from callsheet.domain.errors import StorageUnavailableError
from callsheet.domain.model import Model
from callsheet.storage.store import Store
from tests.program import run_program
from tests.put import put_model
from tests.storage.files import NOW
from tests.storage.others import ask, url_of

WRITERS = 8
CHANGES = 10


def change(store: Store, name: str) -> None:
    with store.write(name, NOW) as writing:
        put_model(writing, Model(id=name, display_name=name))
        writing.record("add", "model", name, None, None)


def revision_of(store: Store) -> int:
    return int(ask(store, "SELECT revision FROM installation")[0][0])


def assert_complete(store: Store, first: int) -> None:
    """Every change of every writer, each of a revision of its own, numbered in the order of the commits."""
    records = ask(store, f"SELECT revision, number, subject FROM changes WHERE revision > {first} ORDER BY number")
    last = first + WRITERS * CHANGES
    assert [revision for revision, _, _ in records] == list(range(first + 1, last + 1))
    assert {subject for _, _, subject in records} == {
        f"w{writer}-{number}" for writer in range(WRITERS) for number in range(CHANGES)
    }
    assert revision_of(store) == last
    with store.read() as reading:
        assert len(list(reading.models(subject for _, _, subject in records))) == WRITERS * CHANGES


def test_threads_that_write_at_once_lose_nothing(store: Store) -> None:
    first, barrier = revision_of(store), Barrier(WRITERS)

    def write(writer: int) -> None:
        barrier.wait()
        for number in range(CHANGES):
            change(store, f"w{writer}-{number}")

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, range(WRITERS)))
    assert_complete(store, first)


PROGRAM = """
import os, sys
import callsheet.storage.postgresql.database, callsheet.storage.sqlite.database  # slow: each would do it again
from callsheet.storage.store import Store
from tests.storage.test_writing_at_once import CHANGES, WRITERS, change
start, go = os.pipe()
children = []
for writer in range(WRITERS):
    child = os.fork()
    if not child:
        os.close(go)
        os.read(start, 1)  # until the other end is closed
        try:
            for number in range(CHANGES):
                change(Store(sys.argv[1]), f"w{writer}-{number}")
        except BaseException as error:
            os.write(2, repr(error).encode() + b"\\n")
        os._exit(0)
    children.append(child)
os.close(go)
for child in children:
    os.waitpid(child, 0)
"""


def test_processes_that_write_at_once_lose_nothing(store: Store) -> None:
    first = revision_of(store)
    done = run_program(PROGRAM, url_of(store))
    assert (done.returncode, done.stderr) == (0, "")
    assert_complete(store, first)


def test_whoever_reads_meanwhile_sees_whole_changes_of_one_moment(store: Store) -> None:
    done = Event()

    def write() -> None:
        for number in range(20):
            with store.write("test", NOW) as writing:
                for side in ("left", "right"):
                    put_model(writing, Model(id=side, display_name=str(number)))
                    writing.record("change", "model", side, None, None)
        done.set()

    def read() -> int:
        times = 0
        while not done.is_set() or not times:
            with store.read() as reading:
                installation = reading.installation()
                left = reading.model("left")
                first = reading.changes(limit=1)[0]
                right = reading.model("right")
                assert installation == reading.installation()
                assert installation is not None
                assert first.revision == installation.revision
                assert (left and left.display_name) == (right and right.display_name)
            times += 1
        return times

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        pool.submit(write).result()
        assert all(reader.result() for reader in readers)


def test_whoever_waits_too_long_for_another_that_writes_is_told_to_try_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callsheet.storage.database.LOCK_TIMEOUT_SECONDS", 0.05)
    with store.write("one", NOW), pytest.raises(StorageUnavailableError) as refusal:
        change(Store(url_of(store)), "other")
    assert (
        str(refusal.value)
        == f"The database {store.display_name} is held by another process; try again in a moment."
    )
    change(store, "after")
