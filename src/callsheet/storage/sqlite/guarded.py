"""GuardedConnection: a connection that neither uses nor removes what took the place of its files."""

import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakSet

from callsheet.domain.errors import DatabaseReplacedError
from callsheet.storage.sqlite.files import Files, name_of

#: The connections of this process that are open.
_OPEN: "Final[WeakSet[GuardedConnection]]" = WeakSet()

#: Held while a connection is compared with `_OPEN`, and while one is closed.
_opening = threading.Lock()


class GuardedConnection(sqlite3.Connection):
    """A connection to a database whose -wal or -shm may be replaced or removed while it is open.

    SQLite relies on that never happening. If it does, and another process opens new files of these names, its
    changes would be lost in two ways:

    1. *SQLite removes the -wal by name* when the last connection to a database is closed. `close` has another
       connection open meanwhile if the name leads to a file that this one did not open.
    2. *All connections of a process use the -shm that the first of them opened*, whatever has its name now. A later
       one would not see what other processes write. So no connection is made beside an open one with other files.

    Parameters
    ----------
    path
        Of the database.
    first
        The statements that the connection begins with; one of them has to read the schema.
    arguments, options
        As for `sqlite3.Connection`.

    Raises
    ------
    DatabaseReplacedError
        The files were replaced or removed just now, or since another connection was made that is still open.
    """

    def __init__(self, *arguments: Any, path: Path, first: Sequence[str], **options: Any) -> None:
        self._path = path
        self._files: Files | None = None
        super().__init__(*arguments, **options)
        try:
            for statement in first:
                self.execute(statement)
            self._files = found = Files.of(path)  # once SQLite has opened them, it lets no process remove them
            with _opening:
                for each in _OPEN:
                    if each._files is not None and each._files.main == found.main:
                        refuse_replaced(path, found, each._files)
                _OPEN.add(self)
        except BaseException:
            self.close()
            raise

    @property
    def files(self) -> Files:
        """What was opened."""
        assert self._files is not None  # noqa: S101  # it was made, so there was a file
        return self._files

    def close(self) -> None:
        """Close the connection; see the class."""
        another = _open_another(self._path) if self._is_beside_others() else None
        with _opening:  # or a new connection, with new files, would find this one with those that it has removed
            super().close()
            _OPEN.discard(self)
        if another is not None:
            another.close()

    def _is_beside_others(self) -> bool:
        """Whether a name leads to a file that is not the one that was opened.

        If that is the database itself, SQLite notices, and removes nothing.
        """
        try:
            found = Files.of(self._path)
        except OSError:
            return False
        return (
            self._files is not None and found.main == self._files.main and found.replaced(self._files) is not None
        )


def refuse_replaced(path: Path, found: Files, past: Files) -> None:
    """Raise DatabaseReplacedError if one of the files of the database at ``path`` is not the one in ``past``."""
    if (ending := found.replaced(past)) is not None:
        raise DatabaseReplacedError(
            f"The file {name_of(path, ending)} was replaced or removed while it was in use, and with it any change "
            "that only that file held; to replace a database in use, restore a backup into it."
        )


def _open_another(path: Path) -> sqlite3.Connection | None:
    """Return a connection that only reads, as it removes nothing when it is closed; None if there is no file."""
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return None
    with suppress(sqlite3.Error):  # it holds its lock even if what it reads makes no sense
        connection.execute("PRAGMA data_version")
    return connection


def _begin_in_child() -> None:
    """Let a process that was forked begin without connections, and with a lock that no thread holds."""
    global _opening
    _opening = threading.Lock()
    _OPEN.clear()


os.register_at_fork(after_in_child=_begin_in_child)
