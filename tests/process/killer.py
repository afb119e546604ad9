"""Kills a process before and after everything it writes, to see what is left each time; for the test of crashes.

Run as ``python -m tests.process.killer TRIAL FOLDER HOW [URL]``, where HOW is ``finely``, ``coarsely`` or
``sparsely``, which is every second point of the coarse ones. The URL is of a PostgreSQL server, on which each point
has a database of its own; without it, all is SQLite. Of points that leave the same behind, all are killed at, and
one is completed. Prints a line for every point.
"""

import gc
import hashlib
import os
import re
import shutil
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Engine, event

from callsheet.storage.sqlite.database import SQLite
from tests.compiling import compile_once
from tests.postgres import Databases
from tests.process.trials import TRIALS, Trial
from tests.storage.others import url_of

#: What a process does to files, as Python tells of it.
_FILES: Final = frozenset({"os.rename", "os.remove", "tempfile.mkstemp"})

#: How the steps begin that leave something behind.
_WRITES: Final = (
    "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "PRAGMA journal_mode", "PRAGMA application_id =",
)  # fmt: skip

#: How those begin that cannot be taken back.
_LASTING: Final = ("PRAGMA journal_mode", "COMMIT", "commit", "copying pages", "os.", "tempfile.")

_TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"

_SCHEMA: Final = (
    """
    SELECT relname, relkind, attname, format_type(atttypid, atttypmod), attnotnull
    FROM pg_class LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
    WHERE relnamespace = 'public'::regnamespace ORDER BY relname, attnum
    """,
    "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY 1, 2",
    "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
    "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
)

#: What is random in the name of a file that is not yet whole.
_RANDOM: Final = re.compile(r"-[a-z0-9_]{8}\.part")

Note = Callable[[str], None]


def main(name: str, folder: Path, how: str, server: str = "") -> None:
    """Try every point of a trial."""
    compile_once()
    databases = Databases(server) if server else None
    stage = Stage(TRIALS[name], folder, databases)
    stage.begin().act(ignore)  # here, where what is loaded for it stays, for all those that are killed
    gc.freeze()  # no search for garbage touches it, which would copy it for each of them
    labels = record(stage.begin(), folder / "labels")
    left: set[object] = set()
    for number in chosen(labels, finely=how == "finely")[:: 2 if how == "sparsely" else 1]:
        trial = stage.begin()
        label = f"{number}, before: {labels[number]}"
        print(label, flush=True)
        assert run(trial.act, kill_at(number)) == -signal.SIGKILL, label
        state = left_by(trial)
        if state in left:
            continue
        left.add(state)
        try:
            trial.look()
            assert run(trial.act, ignore) == 0, "it cannot be completed"
            trial.check()
        except AssertionError as error:
            raise AssertionError(f"killed at {label}") from error
    if databases is not None:
        databases.drop()


class Stage:
    """Where a trial is set up once, and then begun as often as is wanted."""

    def __init__(self, trial: type[Trial], folder: Path, databases: Databases | None) -> None:
        self._trial = trial
        self._folder = folder
        self._databases = databases
        self._template = "" if databases is None else databases.make()
        (folder / "template").mkdir()
        trial(folder / "template", self._template).prepare()

    def begin(self) -> Trial:
        """A trial that begins with what was set up."""
        place = self._folder / "place"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self._folder / "template", place)
        return self._trial(place, "" if self._databases is None else self._databases.make(self._template))


def left_by(trial: Trial) -> object:
    """What there is after a kill: where two are equal, what follows is equal, too."""
    files = [path for path in trial.folder.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    held = sorted((_RANDOM.sub("-.part", path.name), content(path)) for path in files)
    whole = repr((held, None if isinstance(trial.store.database, SQLite) else schema_and_rows(url_of(trial.store))))
    return hashlib.sha256(whole.encode()).digest()


def schema_and_rows(url: str) -> list[object]:
    """Everything in a database on PostgreSQL."""
    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"), autocommit=True) as connection:
        found: list[object] = [connection.execute(query).fetchall() for query in _SCHEMA]
        for (table,) in connection.execute(_TABLES).fetchall():
            rows = connection.execute(SQL("SELECT * FROM {}").format(Identifier(table))).fetchall()
            found.append(sorted(map(repr, rows)))
    return found


def content(path: Path) -> bytes:
    """The bytes of a file; of a write-ahead log, those that are not random and do not follow from what is."""
    held = path.read_bytes()
    if not path.name.endswith("-wal"):
        return held
    page_bytes, salts = int.from_bytes(held[8:12]), held[16:24]
    frames = [held[at : at + 24 + page_bytes] for at in range(32, len(held), 24 + page_bytes)]
    return b"".join(
        bytes([frame[8:16] == salts]) + frame[:8] + frame[24:]  # a frame of other salts is of a log before
        for frame in frames
    )


def record(trial: Trial, file: Path) -> list[str]:
    """What a trial does from beginning to end."""

    def note(label: str) -> None:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "a") as opened:
            opened.write(f"{label}\n")

    assert run(trial.act, note) == 0
    trial.check()
    return file.read_text().splitlines()


def chosen(labels: list[str], *, finely: bool) -> list[int]:
    """Before the first of all steps that write alike, and before and after what cannot be taken back.

    Not ``finely``, the first word says what is alike. With CALLSHEET_TEST_EVERY_STEP in the environment, before
    every step; that takes some minutes.
    """
    if "CALLSHEET_TEST_EVERY_STEP" in os.environ:
        return list(range(len(labels)))
    points: dict[str, int] = {}
    for number, (past, label) in enumerate(pairwise(["", *labels])):
        if past.startswith(_LASTING):
            points[f"{past}, {label}" if finely else f"after {past.split()[0]}"] = number
        if label.startswith(_LASTING):
            points[f"{past}, {label}" if finely else label.split()[0]] = number
        elif label.startswith(_WRITES):
            points.setdefault(label if finely else label.split()[0], number)
    return sorted(set(points.values()))


def kill_at(number: int) -> Note:
    """Return what kills this process at its ``number``-th step, counted from 0."""
    left = number

    def note(_label: str) -> None:
        nonlocal left
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    return note


def ignore(_label: str) -> None:
    """Take no notice of a step."""


def run(act: Callable[[Note], object], note: Note) -> int:
    """Run ``act`` in a process of its own, which tells ``note`` of each step; return how that ended."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        watch(note)
        act(note)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def watch(note: Note) -> None:
    """Tell ``note`` of every statement and of what is done to files, before it is done."""

    def tell(statement: str) -> None:
        words = statement.split()
        note(" ".join(words[: 2 if words[0] == "CREATE" else 3]))

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = make(*arguments, **options)
        connection.set_trace_callback(tell)
        return connection

    make = sqlite3.connect
    sqlite3.connect = sqlite3.dbapi2.connect = connect  # type: ignore[assignment]
    sys.addaudithook(lambda name, _arguments: note(name) if name in _FILES else None)

    @event.listens_for(Engine, "before_cursor_execute")
    def _execute(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if connection.dialect.name != "sqlite":
            tell(statement)

    @event.listens_for(Engine, "commit")
    def _commit(connection: Connection) -> None:
        if connection.dialect.name != "sqlite":
            tell("commit")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
