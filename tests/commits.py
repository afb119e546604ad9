"""Commits: whether a database was written to, without opening it again."""

import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

_QUESTION: Final = "PRAGMA data_version"


class Commits:
    """Keeps a connection to a SQLite file, so that other connections find its -wal, and need not make one.

    Parameters
    ----------
    path
        Of the file; None for a database of another kind, of which nothing is known.
    """

    def __init__(self, path: Path | None) -> None:
        self._connection: sqlite3.Connection | None = None
        if path is not None:
            url = f"file:{quote(str(path))}?mode=ro"
            self._connection = sqlite3.connect(url, uri=True, isolation_level=None, check_same_thread=False)
        self._seen: object = None

    def are_new(self) -> bool:
        """Return whether anything may have been committed since the last call."""
        if self._connection is None:
            return True
        seen, self._seen = self._seen, self._connection.execute(_QUESTION).fetchone()
        return seen != self._seen

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
