"""Store: a database of Callsheet's, made ready, watched, and read or written one transaction at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from callsheet.storage import schema
from callsheet.storage.open import open_database
from callsheet.storage.schema import Schema
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.write import WriteTransaction
from callsheet.storage.watch import Watch


class Store:
    """A database of Callsheet's.

    Parameters
    ----------
    url
        ``sqlite:////path/to/callsheet.db`` or ``postgresql://user@host/database``.
    display_name
        What people call a SQLite database; by default, its path.

    Raises
    ------
    StorageError
        The URL is not one Callsheet can use. Nothing is opened before it is needed.
    """

    def __init__(self, url: str, display_name: str | None = None) -> None:
        self.database = open_database(url, display_name)

    @property
    def place(self) -> str:
        """Where the data is, for people; without a password."""
        return self.database.display_name

    @property
    def address(self) -> str:
        """Where the data is, for programs; without a password, too."""
        return self.database.canonical_address

    def is_empty(self) -> bool:
        """Return whether nothing has been made here yet; StorageError as for `prepare`."""
        return schema.inspect(self.database)[0] is Schema.EMPTY

    def is_ready(self) -> bool:
        """Return whether it can be read, False if it is empty; StorageError as for `prepare`, which writes."""
        return schema.refuse_old(self.database) is Schema.CURRENT

    def prepare(self) -> None:
        """Make the schema if the database is empty; refuse one that is not fit for use, unchanged.

        Raises
        ------
        StorageError
            Not ours, older or newer than this program, damaged, read-only, or out of reach.
        """
        if self.is_ready():
            schema.ensure_writable(self.database)
        else:
            schema.migrate(self.database)

    def migrate(self) -> tuple[str | None, str]:
        """Bring the schema to this program's; return the revisions before and after.

        Raises
        ------
        StorageError
            As for `prepare`.
        """
        _, revision = schema.inspect(self.database)
        if revision == schema.HEAD:
            schema.ensure_writable(self.database)
        else:
            schema.migrate(self.database)
        return revision, schema.HEAD

    def tidy(self) -> None:
        """Leave as few files as possible, once this process needs the database no more."""
        self.database.remove_side_files()

    def watch(self) -> Watch:
        """Return what notices changes; it holds one connection until it is closed."""
        return self.database.watch()

    @contextmanager
    def read(self, watch: Watch | None = None) -> Iterator[ReadTransaction]:
        """Yield what can be read in one transaction, on the connection of ``watch`` if there is one."""
        transaction = self.database.transaction(writes=False) if watch is None else watch.transaction()
        with transaction as connection:
            yield ReadTransaction(connection)

    @contextmanager
    def write(self, actor: str, now: datetime) -> Iterator[WriteTransaction]:
        """Yield what can be written in one transaction that ``actor`` makes at ``now``."""
        with self.database.transaction(writes=True) as connection:
            yield WriteTransaction(connection, self.database, actor, now)
