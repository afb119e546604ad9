"""SQLiteWatch: a changed file, noticed without reading it."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from callsheet.domain.errors import StorageError
from callsheet.storage.watch import Watch

if TYPE_CHECKING:
    from callsheet.storage.sqlite import SQLite


class SQLiteWatch(Watch):
    """Asks SQLite for ``data_version``, which costs microseconds and touches no table.

    A connection stays with its file even where that was moved away or replaced, so the file is looked at too.
    SQLite tells nobody of a change: waiting is asking once more when the time is over.
    """

    def __init__(self, database: "SQLite") -> None:
        self._database = database
        self._woken = threading.Event()
        self._seen: object = None
        self._open()

    def changed(self, timeout: float) -> bool:
        """Return whether the file was written to or replaced since the last call; see `Watch`."""
        if self._seen is not None:
            self._woken.wait(timeout)
            self._woken.clear()
        with self._database.explained():
            if file_identity(self._database.path) != self._file:
                self.close()
                self._open()
            version = self._version()
        self.polls += 1
        self.answered_at = time.monotonic()
        seen, self._seen = self._seen, version
        return bool(version != seen)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Yield the connection in a transaction that reads."""
        with self._database.explained(), self._connection.begin():
            self._database.begin(self._connection, writes=False)
            yield self._connection

    def wake(self) -> None:
        """Let `changed` wait no longer."""
        self._woken.set()

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _open(self) -> None:
        with self._database.explained():
            self._file = file_identity(self._database.path)  # first, as connecting would make one
            self._connection = self._database.engine.connect()
        self._seen = None

    def _version(self) -> object:
        raw = self._connection.connection.dbapi_connection
        if raw is None:
            raise StorageError("The watched connection is closed.")
        cursor = raw.cursor()
        cursor.execute("PRAGMA data_version")
        return cursor.fetchone()


def file_identity(path: Path) -> tuple[int, int]:
    """Return what tells a file from every other, by whatever name it is opened."""
    present = os.stat(path)  # noqa: PTH116  # asked ten times a second
    return present.st_dev, present.st_ino
