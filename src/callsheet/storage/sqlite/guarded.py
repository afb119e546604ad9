"""GuardedConnection: a connection that neither uses nor removes what took the place of its files."""

import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakSet

from callsheet.domain.errors import DatabaseReplacedError
from callsheet.storage.file_status import status_of
from callsheet.storage.sqlite.files import Files, name_of

#: The connections of this process.
_made: "WeakSet[GuardedConnection]" = WeakSet()

#: Held while one is opened or closed, as what is compared then must not change; a collection of garbage may close
#: another meanwhile.
_opening = threading.RLock()


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
    locks
        Whether SQLite locks the files; if not, other processes may remove what is beside the database.
    arguments, options
        As for `sqlite3.Connection`.

    Raises
    ------
    DatabaseReplacedError
        The files were replaced or removed since another connection was made that is still open.
    """

    def __init__(
        self, *arguments: Any, path: Path, first: Sequence[str], locks: bool = True, **options: Any
    ) -> None:
        self._path = Path(os.path.realpath(path))  # by which SQLite removes, wherever a link leads meanwhile
        self._locks = locks
        self._files: Files | None = None
        with _opening:
            if status_of(self._path) is not None:
                self._refuse_replaced(Files.of(self._path))
            super().__init__(*arguments, **options)
            try:
                for statement in first:
                    self.execute(statement)
                self.find_files()
                self._refuse_replaced(self.files)
                _made.add(self)
            except BaseException:
                self.close()
                raise

    @property
    def files(self) -> Files:
        """What was opened; without -wal and -shm if other processes may remove them."""
        assert self._files is not None  # noqa: S101  # it is open
        return self._files

    def find_files(self) -> None:
        """Note which files are open: a connection that was made without a -wal gets one if its mode changes."""
        with _opening:  # or another would compare what it found before with what is noted here
            self.execute("PRAGMA schema_version")  # after a change of mode, only reading makes SQLite open the -wal
            uses_wal = self._locks and self.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            found = Files.of(self._path)
            self._files = found if uses_wal else found._replace(wal=None, shm=None)

    def close(self) -> None:
        """Close the connection; see the class."""
        with _opening:
            another = _open_another(self._path) if self._is_beside_others() else None
            try:
                super().close()
                self._files = None
            finally:
                if another is not None:
                    another.close()

    def _refuse_replaced(self, found: Files) -> None:
        """Raise DatabaseReplacedError if another connection has other files than those in ``found``."""
        for each in _made:
            past = each._files
            if past is not None and past.main == found.main:
                refuse_replaced(self._path, found, past)

    def _is_beside_others(self) -> bool:
        """Whether a name leads to a file that is not the one that was opened.

        If that is the database itself, SQLite notices, and removes nothing; and what is gone, it cannot remove.
        """
        try:
            found = Files.of(self._path)
        except OSError:
            return False
        mine = self._files
        if mine is None or found.main != mine.main:
            return False
        return found.wal not in (None, mine.wal) or found.shm not in (None, mine.shm)


def refuse_replaced(path: Path, found: Files, past: Files) -> None:
    """Raise DatabaseReplacedError if one of the files of the database at ``path`` is not the one in ``past``."""
    if (ending := found.replaced(past)) is not None:
        raise DatabaseReplacedError(
            f"The file {name_of(path, ending)} was replaced or removed while it was in use, and with it any change "
            "that only that file held; to replace a database in use, restore a backup into it."
        )


def _open_another(path: Path) -> sqlite3.Connection | None:
    """Open the database at ``path`` for reading only: closing this connection removes no file.

    Return None if SQLite cannot open it.
    """
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    except sqlite3.OperationalError:
        return None
    with suppress(sqlite3.Error):  # it holds its lock even if what it reads makes no sense
        connection.execute("PRAGMA data_version")
    return connection


def _begin_in_child() -> None:
    """Let a process that was forked begin without connections, and with a lock that no thread holds."""
    global _made, _opening
    _made, _opening = WeakSet(), threading.RLock()


os.register_at_fork(after_in_child=_begin_in_child)
