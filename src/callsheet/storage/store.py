"""Store: a database of Callsheet: prepare it, watch it, read or write it in transactions."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import Protocol

from callsheet.storage import schema
from callsheet.storage.open import open_database
from callsheet.storage.reading import Reading
from callsheet.storage.schema import Schema
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.rehearse import RehearsalTransaction
from callsheet.storage.transactions.write import WriteTransaction
from callsheet.storage.watch import Watch


class Readings(Protocol):
    """What services need of a database that can also be read as of another moment."""

    def read(self) -> AbstractContextManager[Reading]:
        """Yield what there is at the moment."""

    def write(
        self, actor: str, now: datetime, reason: str | None = None
    ) -> AbstractContextManager[WriteTransaction | RehearsalTransaction]:
        """Yield a transaction whose ``apply`` takes changes by ``actor``, made at ``now`` for this ``reason``."""


class Transactions(Readings, Protocol):
    """What services need of a database: transactions that read, and those that write, or only rehearse that."""

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """Yield a transaction that reads."""


class Writable(Protocol):
    """The same, for services that also write what no plan shows, such as the state of sources."""

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """Yield a transaction that reads."""

    def write(
        self, actor: str, now: datetime, reason: str | None = None
    ) -> AbstractContextManager[WriteTransaction]:
        """Yield a transaction that writes, as `Transactions.write`."""


class Store:
    """A database of Callsheet. It is not opened before it is needed.

    Parameters
    ----------
    url
        ``sqlite:////path/to/callsheet.db`` or ``postgresql://user@host/database``.
    display_name
        What people call a SQLite database; by default, its path.

    Raises
    ------
    StorageError
        The URL is not one Callsheet can use.
    """

    def __init__(self, url: str, display_name: str | None = None) -> None:
        self.database = open_database(url, display_name)

    @property
    def display_name(self) -> str:
        """Where the data is, for people; without a password."""
        return self.database.display_name

    @property
    def canonical_address(self) -> str:
        """Where the data is, for programs: the same for every URL of one database; without a password, too."""
        return self.database.canonical_address

    def is_empty(self) -> bool:
        """Return whether there is no schema yet; StorageError as for `prepare`."""
        return schema.inspect(self.database)[0] is Schema.EMPTY

    def is_ready(self) -> bool:
        """Return whether it can be read, False if it is empty; StorageError as for `prepare`. Changes nothing."""
        return schema.refuse_old(self.database) is Schema.CURRENT

    def prepare(self) -> None:
        """Create the schema if the database is empty.

        Raises
        ------
        StorageError
            The database belongs to another program, is older or newer than this program, damaged, read-only, or
            out of reach. It was not changed.
        """
        if self.is_ready():
            self._refuse_unwritable()
        else:
            schema.migrate(self.database)

    @contextmanager
    def ensure_writable(self) -> Iterator[ReadTransaction]:
        """Yield a transaction that reads; StorageError if a database that is ready cannot be written to."""
        with schema.ensure_writable(self.database) as connection:
            yield ReadTransaction(connection)

    def migrate(self) -> tuple[str | None, str]:
        """Bring the schema to this program's; return the revisions before and after.

        Raises
        ------
        StorageError
            As for `prepare`.
        """
        _, revision = schema.inspect(self.database)
        if revision == schema.HEAD:
            self._refuse_unwritable()
        else:
            schema.migrate(self.database)
        return revision, schema.HEAD

    def _refuse_unwritable(self) -> None:
        with self.ensure_writable():
            pass

    def remove_side_files(self) -> None:
        """Remove the files beside the database that are not needed once this process closes it."""
        self.database.remove_side_files()

    def watch(self) -> Watch:
        """Return a watch that notices changes; it holds one connection until it is closed."""
        return self.database.watch()

    @contextmanager
    def read(self, watch: Watch | None = None) -> Iterator[ReadTransaction]:
        """Yield a transaction that reads, on the connection of ``watch`` if one is given."""
        transaction = self.database.transaction(writes=False) if watch is None else watch.transaction()
        with transaction as connection:
            yield ReadTransaction(connection)

    @contextmanager
    def write(self, actor: str, now: datetime, reason: str | None = None) -> Iterator[WriteTransaction]:
        """Yield a transaction that writes; its change records name ``actor``, ``now`` and ``reason``."""
        with self.database.transaction(writes=True) as connection:
            writing = WriteTransaction(connection, self.database, actor, now, reason)
            yield writing
            writing.finish()

    @contextmanager
    def rehearse(self, now: datetime) -> Iterator["Rehearsal"]:
        """Yield a rehearsal of what is done at ``now``: all of it sees the database as it is at this moment."""
        with self.database.transaction(writes=False) as connection:
            yield Rehearsal(RehearsalTransaction(connection, now))


class Within:
    """Takes the place of a store for services that take part in a transaction that writes.

    Parameters
    ----------
    transaction
        The one that all of them get, to read and to write: its actor, time and reason are those of all changes. A
        service gives the reason where there is none.
    """

    def __init__(self, transaction: WriteTransaction) -> None:
        self.transaction = transaction

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """Return the transaction."""
        return nullcontext(self.transaction)

    def write(
        self,
        actor: str,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        reason: str | None = None,
    ) -> AbstractContextManager[WriteTransaction]:
        """Return the transaction."""
        self.transaction.reason = self.transaction.reason or reason
        return nullcontext(self.transaction)


class Rehearsal:
    """Takes the place of a store for services that are to write nothing.

    Parameters
    ----------
    transaction
        The one that all of them get, to read and to write; what they would have written is in its ``planned``.
    """

    def __init__(self, transaction: RehearsalTransaction) -> None:
        self.transaction = transaction

    def read(self) -> AbstractContextManager[ReadTransaction]:
        """Return the transaction."""
        return nullcontext(self.transaction)

    def write(
        self,
        actor: str,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        reason: str | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[RehearsalTransaction]:
        """Return the transaction; what is not done has neither actor nor time."""
        return nullcontext(self.transaction)
