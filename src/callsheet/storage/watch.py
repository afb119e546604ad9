"""Watch: notices that another connection has changed the database, without reading the tables."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from sqlalchemy import Connection


class Watch(ABC):
    """Notices changes over one long-lived connection, released when the context exits.

    Made by `Store.watch`. It belongs to one thread, which waits in `changed`; any other may call `wake`.
    """

    #: Changes that the database notified of.
    notifications: int = 0

    #: How often the database was polled.
    polls: int = 0

    #: When it last answered, by ``time.monotonic``: every change before that has been noticed.
    answered_at: float = 0.0

    #: The revision that the last poll read, where a poll reads it.
    revision: int | None = None

    @abstractmethod
    def changed(self, timeout: float) -> bool:
        """Return whether anything may have been written since the last call; True at the first.

        Parameters
        ----------
        timeout
            The longest wait, in seconds. The first call does not wait.

        Raises
        ------
        StorageUnavailableError
            The database is out of reach; wait, and make another watch.
        StorageError
            It has become unfit for use.
        """

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """Yield the connection in a transaction that reads, as `Database.transaction` does.

        Opening another connection for every change would take several times as long as reading what has changed.
        """

    def forget(self) -> None:  # noqa: B027  # a no-op where polls read no revision
        """Make the next `changed` return True, as the rows of the last change could not be read yet."""

    @abstractmethod
    def wake(self) -> None:
        """End the wait of `changed`, now or when it is next called. Any thread may call this."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
