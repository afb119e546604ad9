"""Watch: has another connection changed the database? Without a query per request."""

from types import TracebackType
from typing import Self

from callsheet.domain.errors import StorageError
from callsheet.storage.engine import explained, make_engine
from callsheet.storage.store import Store


class Watch:
    """Notices that a database was changed, by SQLite's ``data_version`` on one lasting connection.

    The pragma costs microseconds and touches no table.
    """

    def __init__(self, store: Store) -> None:
        self._url = store.url
        self._connection = make_engine(store.url).connect()
        self._seen: object = None

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
            raw = self._connection.connection.dbapi_connection
            if raw is None:
                raise StorageError("The watched connection is closed.")
            cursor = raw.cursor()
            cursor.execute("PRAGMA data_version")
            version = cursor.fetchone()
        seen, self._seen = self._seen, version
        return version != seen

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
