"""kill -9 at random moments: what was acknowledged is there, nothing is half there, and all goes on."""

import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from subprocess import PIPE, Popen
from threading import Timer
from typing import Any

import pytest

from tests.installation import Installation
from tests.program import DEADLINE, Program, Server, call, wait_for
from tests.tiers import first, repeated

SEEDS = range(3)  # so that the rounds can be run side by side


@pytest.mark.parametrize("seed", first(SEEDS))
def test_a_stream_of_changes_survives_kill_9(installation: Installation, seed: int) -> None:
    chance = random.Random(seed)
    database = Path(installation.url.removeprefix("sqlite:///"))
    command = (sys.executable, "-m", "tests.process.changer", installation.url)
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as changer, ended_in_time(changer):
        for number in range(repeated(5, 10)):
            before = installation_revision(database)
            check(database, before, changed_until_killed(changer, f"{seed}-{number}", chance))
    url = installation.url
    assert call("catalog", "add", "after-all", "--database", url).returncode == 0
    with Server(database) as server:
        assert server.get("/v1/models/after-all", server.key)[0] == 200
        assert server.stop() == 0


@contextmanager
def ended_in_time(changer: "Popen[str]") -> Iterator[None]:
    """Kill a changer that says nothing any more, which ends whoever waits for its next line."""
    timer = Timer(DEADLINE, changer.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def changed_until_killed(changer: "Popen[str]", seed: str, chance: random.Random) -> list[dict[str, Any]]:
    """What is acknowledged until the process that changes is killed at any moment."""
    assert changer.stdin is not None
    assert changer.stdout is not None
    print(seed, file=changer.stdin, flush=True)
    process = int(changer.stdout.readline())
    said = [changer.stdout.readline() for _ in range(chance.randrange(1, 40))]
    time.sleep(chance.uniform(0, 0.01))  # not a wait: the moment has to be any
    os.kill(process, SIGKILL)
    while line := changer.stdout.readline().rstrip("\n"):
        said.append(line)
    return [json.loads(line) for line in said]


def installation_revision(database: Path) -> int:
    """The revision, read as another program would."""
    connection = sqlite3.connect(database)
    try:
        return int(connection.execute("SELECT revision FROM installation").fetchone()[0])
    finally:
        connection.close()


def check(database: Path, before: int, acknowledged: list[dict[str, Any]]) -> None:
    """What was acknowledged since ``before`` is there, and rows, change records and revision agree."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        changes = connection.execute("SELECT * FROM changes ORDER BY number").fetchall()
        revision = installation_revision(database)
        by_revision: dict[int, list[sqlite3.Row]] = {}
        for row in changes:
            by_revision.setdefault(row["revision"], []).append(row)
        assert list(by_revision) == list(range(1, revision + 1))
        check_acknowledged([by_revision[number] for number in range(before + 1, revision + 1)], acknowledged)
        check_rows(connection, changes)
    finally:
        connection.close()


def check_acknowledged(committed: list[list[sqlite3.Row]], acknowledged: list[dict[str, Any]]) -> None:
    """A change that leaves things as they were is acknowledged without a record; all others have one each."""
    recorded = iter(committed)
    last = next(recorded, None)
    for line in acknowledged:
        if last is not None and tells_of(last[-1], line):
            last = next(recorded, None)
        else:
            assert line["action"] in ("hide", "unhide", "change", "deprecate"), line
    left_over = [last, *recorded] if last is not None else []
    assert len(left_over) <= 1, "more was done than was said"


def tells_of(row: sqlite3.Row, line: dict[str, Any]) -> bool:
    """Whether this record is of this change."""
    after = json.loads(row["after"] or "null")
    gone = line["action"] in ("remove", "unalias")
    return (row["action"], row["subject"]) == (line["action"], line["subject"]) and (
        after is None if gone else after == line["after"]
    )


def check_rows(connection: sqlite3.Connection, changes: list[sqlite3.Row]) -> None:
    """The tables hold what the change records, one after the other, lead to."""
    expected: dict[str, dict[str, Any]] = {"model": {}, "alias": {}}
    removed: set[str] = set()
    for row in changes:
        if row["kind"] in expected:
            after = json.loads(row["after"] or "null")
            expected[row["kind"]][row["subject"]] = after
            if row["kind"] == "model":
                (removed.discard if after else removed.add)(row["subject"])
    models = {row["id"]: dict(row) for row in connection.execute("SELECT * FROM models")}
    for model in models.values():
        model["capabilities"] = json.loads(model["capabilities"] or "null")
        model["hidden"] = bool(model["hidden"])
    assert models == {subject: after for subject, after in expected["model"].items() if after}
    aliases = dict(tuple(row) for row in connection.execute("SELECT alias, model_id FROM aliases"))
    assert aliases == {name: after["model_id"] for name, after in expected["alias"].items() if after}
    assert {row["id"] for row in connection.execute("SELECT id FROM tombstones")} == removed


@pytest.mark.parametrize("seed", first(range(10), 2))
def test_a_first_start_that_was_killed_is_made_good_by_the_next(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    database = tmp_path / "callsheet.db"
    program = Program("serve", "--port", "0", "--database", f"sqlite:///{database}")
    with program:
        wait_for(database.exists, "the file of the database")
        time.sleep(chance.uniform(0, 0.15))  # not a wait: the moment has to be any
        program.stop(SIGKILL)
    with Server(database) as server:
        found = server.get("/readyz")[1]
        assert found["models"] > 30
        listed = json.loads(call("keys", "list", "--json", "--database", f"sqlite:///{database}").stdout)
        assert [key["name"] for key in listed] == ["default"]
        assert server.stop() == 0
    connection = sqlite3.connect(database)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    finally:
        connection.close()
