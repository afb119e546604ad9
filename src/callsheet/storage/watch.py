"""Watch: has another connection changed the database? Without a query per request."""

import os
from types import TracebackType
from typing import Self

from callsheet.domain.errors import StorageError
from callsheet.storage.engine import database_path, explained, make_engine
from callsheet.storage.store import Store


class Watch:
    """Notices that a database was changed, by SQLite's ``data_version`` on one lasting connection.

    The pragma costs microseconds and touches no table. A connection stays with its file even where that was
    moved away or replaced, so the file is looked at too.
    """

    def __init__(self, store: Store) -> None:
        self._url = store.url
        self._seen: object = None
        self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def changed(self) -> bool:
        """Return whether anything was written since the last call; True at the first.

        Raises
        ------
        StorageError
            The database is out of reach.
        """
        with explained(self._url):
            if self._present_file() != self._file:
                self.close()
                self._open()
            raw = self._connection.connection.dbapi_connection
            if raw is None:
                raise StorageError("The watched connection is closed.")
            cursor = raw.cursor()
            cursor.execute("PRAGMA data_version")
            version = cursor.fetchone()
        seen, self._seen = self._seen, version
        return bool(version != seen)

    def _open(self) -> None:
        with explained(self._url):
            self._file = self._present_file()  # first, as connecting would make one
            self._connection = make_engine(self._url).connect()
        self._seen = None

    def _present_file(self) -> tuple[int, int]:
        present = os.stat(database_path(self._url))  # noqa: PTH116  # asked ten times a second
        return present.st_dev, present.st_ino

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
