"""Watch: has another connection changed the database? Without reading the tables."""

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from sqlalchemy import Connection


class Watch(ABC):
    """Notices that a database was changed, on one lasting connection, which leaving gives back.

    Made by `Store.watch`. It belongs to one thread, which waits in `changed`; only `wake` is for others.
    """

    #: Changes that the database told of by itself.
    notifications: int = 0

    #: How often the database was asked.
    polls: int = 0

    #: When it last answered, by ``time.monotonic``: until then, nothing that was written went unnoticed.
    answered_at: float = 0.0

    #: The revision that it saw last, where it looks at that.
    revision: int | None = None

    @abstractmethod
    def changed(self, timeout: float) -> bool:
        """Return whether anything may have been written since the last call; True at the first.

        Parameters
        ----------
        timeout
            How long to wait for that at most, in seconds. The first call does not wait.

        Raises
        ------
        StorageAwayError
            The database is out of reach; wait, and make another watch.
        StorageError
            It has become unfit for use.
        """

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Connection]:
        """Yield the connection in a transaction that reads, as `Database.transaction` does.

        To open another one for every change would take several times as long as to read what has changed.
        """

    def forget(self) -> None:  # noqa: B027  # whoever sees no revision has none to forget
        """Let the next `changed` find a change: what was seen was not there to be read."""

    @abstractmethod
    def wake(self) -> None:
        """Let `changed` wait no longer, now or when it is next called. For any thread."""

    @abstractmethod
    def close(self) -> None:
        """Give the connection back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
