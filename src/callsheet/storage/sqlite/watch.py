"""SQLiteWatch: notices that a file was changed, without reading its tables."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from callsheet.domain.errors import StorageError
from callsheet.storage import schema
from callsheet.storage.database import Database
from callsheet.storage.sqlite.connection import driver_connection
from callsheet.storage.sqlite.files import Files, names_of
from callsheet.storage.sqlite.guarded import refuse_replaced
from callsheet.storage.sqlite.wal import WalGuard
from callsheet.storage.watch import Watch


class SQLiteWatch(Watch):
    """Compares three things at each poll, which takes some ten microseconds and reads no table.

    1. *Which files there are.* A connection keeps the files that it opened, even when other files take their
       names. If the database, its -wal or its -shm is another file, `changed` raises DatabaseReplacedError, and
       this watch is of no further use: other processes now write to files that it does not see.
    2. *Whether another connection has committed* (``data_version``). If so, the schema is compared as well, so that
       a dropped table is noticed before its rows are read.
    3. *Whether the files were written to without SQLite.* An open connection answers from its page cache; only a
       new one reads what was overwritten. So where the database was written to, or the -wal without a commit,
       a new connection checks whether the database is fit for use, and replaces this one. SQLite itself writes to
       the database once in some hundreds of changes, and records that beforehand in the -shm; where it did not,
       the database and its -wal no longer belong together, and CorruptDatabaseError is raised.

    The connection only reads, so that it can neither move a -wal into the database nor remove one when it is
    closed: SQLite removes by name, and that might be a file which another process uses. SQLite does not notify of
    changes, so `changed` sleeps and polls.

    Parameters
    ----------
    database
        The database.
    path
        Of its file.
    engine
        Opens connections that change no file, not even when they are closed.
    wal
        Refuses a -wal of another database; `WalGuard.watched` is what this watch last found.
    """

    def __init__(self, database: Database, path: Path, engine: Engine, wal: WalGuard) -> None:
        self._database = database
        self._path = path  # whose -wal is elsewhere once a link takes its place
        self._engine = engine
        self._wal = wal
        self._woken = threading.Event()
        self._seen: object = None
        self._open()

    def changed(self, timeout: float) -> bool:
        """Return whether another connection has committed since the last call; see `Watch`.

        Raises
        ------
        DatabaseReplacedError
            Another file has taken the name of one that is watched; make another watch.
        """
        if self._seen is not None:
            self._woken.wait(timeout)
            self._woken.clear()
        with self._database.translating_errors():
            files = Files.watched(*names_of(self._path))
            refuse_replaced(self._path, files, self._files)
            version = self._ask("PRAGMA data_version")
            if self._is_written_over(files, version):
                self._connection.close()
                self._open()  # what this connection remembers need not be what is there
                version = self._version
                self._seen = None
        self.polls += 1
        self.answered_at = time.monotonic()
        seen, self._seen = self._seen, version
        return bool(version != seen)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield the connection in a transaction that reads."""
        with self._database.translating_errors(), self._connection.begin():
            self._database.begin(self._connection, writes=False)
            yield self._connection

    def wake(self) -> None:
        """End the wait of `changed`."""
        self._woken.set()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _open(self) -> None:
        """Check that the database is fit for use, and open the connection that is watched."""
        with self._database.translating_errors():
            Files.watched(*names_of(self._path))  # first: what is not there may come back
            schema.refuse_unservable(
                self._database
            )  # before SQLite opens it: beside an empty file, it removes the -wal
            self._connection = self._engine.connect()
            try:
                self._version = self._ask("PRAGMA data_version")  # with the first question, SQLite opens all files
                self._files = Files.watched(*names_of(self._path))
                refuse_replaced(self._path, self._files, driver_connection(self._connection).files)
                self._wal.refuse_mismatch(self._files)
                self._wal.watched = self._files
                self._schema = self._read_schema()
            except BaseException:
                self._connection.close()
                raise

    def _is_written_over(self, files: Files, version: object) -> bool:
        """Record what is there now; return whether a new connection may read something else than this one."""
        committed = version != self._version
        written = files.main_stamp != self._files.main_stamp
        if committed:
            found = self._read_schema()
            written, self._schema = written or found != self._schema, found
        else:
            written = written or files.wal_stamp != self._files.wal_stamp
        overwritten = files.was_overwritten(self._files) and files.holds_changes
        self._files = self._wal.watched = files
        self._version = version
        if overwritten:
            raise self._wal.overwritten(files)
        return written

    def _read_schema(self) -> object:
        """What SQLite counts changes of tables by, and the release that made them."""
        return self._ask("PRAGMA schema_version"), self._ask("SELECT version_num FROM alembic_version")

    def _ask(self, question: str) -> Any:
        raw = self._connection.connection.dbapi_connection
        if raw is None:
            raise StorageError("The watched connection is closed.")
        cursor = raw.cursor()
        cursor.execute(question)
        return cursor.fetchone()
