"""``--workers 2``: two processes on one port, and one that watches over them."""

import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests import starter
from tests.installation import Installation
from tests.program import Program, Server, call, wait_for
from tests.tiers import exhaustive, first, repeated

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="finds the workers by /proc, which Linux has")
pytestmark = needs_proc

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def database(installation: Installation) -> Path:
    """The file of an installation with a key."""
    installation.key(secret=KEY)
    return Path(installation.url.removeprefix("sqlite:///"))


def session(server: Program) -> dict[int, int]:
    """Parent by id, of the program and everything it has started."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == server.process.pid and fields[0] != "Z":
                    found[int(folder.name)] = int(fields[1])
            except (FileNotFoundError, ProcessLookupError):  # it has just ended
                continue
    return found


def workers(server: Server) -> list[int]:
    """The processes that answer."""
    return sorted(pid for pid, parent in session(server).items() if parent == server.process.pid)


def asks(server: Server, times: int = 20) -> None:
    """Ask often enough that every worker has its turn."""
    for _ in range(times):
        assert server.get("/v1/models", KEY)[0] == 200


def test_two_workers_answer_and_see_what_the_command_line_changes(database: Path) -> None:
    with Server(database, "--workers", "2") as server:
        assert len(wait_for(lambda: len(workers(server)) == 2 and workers(server))) == 2
        asks(server)
        url = f"sqlite:///{database}"
        assert call("catalog", "add", "new", "--created-at", "2030-01-01", "--database", url).returncode == 0
        # each request has a connection of its own, so neither worker is asked alone
        wait_for(lambda: all(server.get("/v1/models", KEY)[1]["data"][0]["id"] == "new" for _ in range(20)))
        assert server.stop() == 0
        assert server.stderr == ""


def test_a_worker_that_is_killed_is_replaced(database: Path) -> None:
    with Server(database, "--workers", "2") as server:
        before = wait_for(lambda: len(workers(server)) == 2 and workers(server))
        asks(server)
        os.kill(before[0], signal.SIGKILL)
        after = wait_for(lambda: len(workers(server)) == 2 and workers(server) != before and workers(server))
        assert before[1] in after
        asks(server)
        assert server.stop() == 0
        wait_for(lambda: session(server) == {}, "the end of every process")


def test_both_workers_killed_at_once_are_replaced(database: Path) -> None:
    with Server(database, "--workers", "2") as server:
        before = wait_for(lambda: len(workers(server)) == 2 and workers(server))
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        wait_for(lambda: len(workers(server)) == 2 and not set(workers(server)) & set(before))
        asks(server)
        assert server.stop() == 0


@pytest.mark.parametrize("number", first([signal.SIGTERM, signal.SIGINT]))
@pytest.mark.parametrize("to_all", [False, True], ids=["to the first process", "to all, as a terminal does"])
def test_a_signal_ends_all_processes_with_0(database: Path, number: signal.Signals, to_all: bool) -> None:
    with Server(database, "--workers", "2") as server:
        wait_for(lambda: len(workers(server)) == 2)
        asks(server)
        if to_all:
            os.killpg(server.process.pid, number)
        else:
            server.send(number)
        assert server.ended() == 0
        wait_for(lambda: session(server) == {}, "the end of every process")
        assert server.stderr == ""


@pytest.mark.parametrize("to_all", [False, True], ids=["to the first process", "to all, as a terminal does"])
def test_a_signal_that_comes_while_workers_start_ends_them(database: Path, to_all: bool) -> None:
    for _ in range(repeated(2, 12)):
        arguments = ("serve", "--port", "0", "--workers", "2", "--database", f"sqlite:///{database}")
        with Program(*arguments) as program:
            program.printed("Callsheet serves")
            if to_all:
                os.killpg(program.process.pid, signal.SIGTERM)
            else:
                program.send(signal.SIGTERM)
            assert program.ended() == 0
            wait_for(lambda: session(program) == {}, "the end of every process")
            assert program.stderr == ""


#: Runs ``callsheet`` beside another thread, so that its workers are not copies of it.
WITH_A_THREAD = """
import runpy, sys, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
runpy.run_module("callsheet", run_name="__main__", alter_sys=True)
"""


@exhaustive
def test_beside_another_thread_workers_are_started_afresh_and_end_as_forked_ones_do(database: Path) -> None:
    with Server(database, "--workers", "2", command=[*starter.PROGRAM, WITH_A_THREAD]) as server:
        fresh = wait_for(lambda: len(found := spawned(server)) == 2 and found)
        asks(server)
        os.kill(fresh[0], signal.SIGKILL)
        wait_for(lambda: len(found := spawned(server)) == 2 and found != fresh)
        asks(server)
        assert server.stop() == 0
        wait_for(lambda: session(server) == {}, "the end of every process")


def spawned(server: Server) -> list[int]:
    """The workers that are interpreters of their own."""
    return [pid for pid in workers(server) if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]


def test_a_database_that_goes_bad_while_serving_is_told_in_lines_without_a_traceback(database: Path) -> None:
    with Server(database, "--workers", "2") as server:
        before = wait_for(lambda: len(workers(server)) == 2 and workers(server))
        asks(server)
        for path in database.parent.glob("callsheet.db*"):
            path.rename(path.with_name(f"away-{path.name}"))
        database.mkdir()
        os.kill(before[0], signal.SIGKILL)
        wait_for(lambda: f"ERROR The database {database} is a folder" in server.stderr)
        assert server.stop() == 0
        assert re.search("Traceback", server.stderr) is None


def test_a_database_that_is_bad_from_the_start_is_refused_once(tmp_path: Path) -> None:
    done = call("serve", "--workers", "2", "--port", "0", "--database", f"sqlite:///{tmp_path}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"callsheet: The database {tmp_path} is a folder; name a file with --database.\n"
