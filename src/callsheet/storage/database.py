"""Database: what SQLite and PostgreSQL are asked for alike; the only place that knows which one it is."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from json import JSONDecodeError
from typing import ClassVar, Final

from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from callsheet.domain.errors import CorruptDatabaseError, StorageError
from callsheet.storage.meaning import DAMAGED, FOREIGN
from callsheet.storage.watch import Watch

#: How long a statement waits for another process that holds the database, in milliseconds.
BUSY_TIMEOUT: Final = 5000

#: How long a migration waits for others that migrate or write, in milliseconds.
MIGRATION_TIMEOUT: Final = 60_000

#: What every refused URL is told.
WRITE: Final = "write sqlite:////path/to/callsheet.db or postgresql://user@host/database."

NO_URL: Final = f"That is not a database URL; {WRITE}"

#: Two names for one thing, as PostgreSQL's own programs have them; and the driver spelled out, as SQLAlchemy does.
_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
_SQLITE: Final = frozenset({"sqlite", "sqlite+pysqlite"})


class Database(ABC):
    """Where the tables are. Statements are the same everywhere; what is not stands behind these methods.

    Nothing is opened before it is needed.
    """

    #: What the driver raises, past SQLAlchemy.
    driver_error: ClassVar[type[Exception]]

    #: Where the data is, for people: without a password.
    place: str

    #: Every connection is opened when needed and closed after use.
    engine: Engine

    @property
    @abstractmethod
    def address(self) -> str:
        """Where the data is, for programs: with what the URL leaves to others, and without a password."""

    @abstractmethod
    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Say what is to be done first in a transaction: of those that write, there is one at a time."""

    @abstractmethod
    def revision(self) -> str | None:
        """Return the schema's revision, None if nothing has been made here yet. Changes nothing.

        Raises
        ------
        StorageError
            It belongs to another program, is damaged, or cannot be used.
        """

    @abstractmethod
    def migrating(self) -> AbstractContextManager[Connection]:
        """Yield a connection in a transaction that makes tables; only one process can be in it."""

    @abstractmethod
    def refuse_read_only(self) -> None:
        """Raise StorageError where it can be seen, without opening it, that nothing can be written here."""

    @abstractmethod
    def looking(self) -> AbstractContextManager[Connection]:
        """Yield a connection in a transaction about everything, which changes nothing and leaves nothing behind."""

    @abstractmethod
    def identity(self, connection: Connection) -> object:
        """Return what tells this database, as long as it runs, from every other, whatever they are called."""

    @abstractmethod
    def unhurried(self, connection: Connection) -> None:
        """Give this transaction the time that it needs: it is about everything, not about one change."""

    @abstractmethod
    def is_protected(self, connection: Connection) -> bool:
        """Return whether the database itself refuses to change or drop a change record."""

    @abstractmethod
    def unprotected(self, connection: Connection) -> AbstractContextManager[None]:
        """Let change records be dropped within, which otherwise the database itself refuses."""

    @abstractmethod
    def continue_numbers(self, connection: Connection, last: int) -> None:
        """Let the next change record be numbered above ``last``, after some came with numbers of their own."""

    @abstractmethod
    def announce(self, connection: Connection, revision: int) -> None:
        """Tell those who watch, once the transaction is committed, that this is the revision now."""

    @abstractmethod
    def table_names(self, connection: Connection) -> set[str]:
        """Return the names of the tables that there are, and perhaps of other things."""

    @abstractmethod
    def settle(self) -> None:
        """Give a database that is fit for use what lasts and is not part of its schema."""

    @abstractmethod
    def tidy(self) -> None:
        """Leave as few files as possible, once this process needs the database no more."""

    @abstractmethod
    def watch(self) -> Watch:
        """Return what notices changes, on a connection of its own."""

    @abstractmethod
    def explain(self, error: BaseException) -> StorageError:
        """Return what the driver raised as a sentence for people."""

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Connection]:
        """Yield a connection in a transaction: committed at the end, rolled back on any error.

        Raises
        ------
        StorageError
            The database refused; the sentence says why and what to do.
        """
        with self.explained(), self.engine.connect() as connection, connection.begin():
            self.begin(connection, writes=writes)
            yield connection
            if writes:
                self.commit(connection)

    def commit(self, connection: Connection) -> None:
        """Keep what was written."""
        connection.commit()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what the driver raises into a sentence for people."""
        try:
            yield
        except DBAPIError as error:
            raise self.explain(error.orig or error) from error
        except (self.driver_error, OSError) as error:
            raise self.explain(error) from error
        except (JSONDecodeError, UnicodeDecodeError) as error:  # what was read is no JSON, or no text
            raise self.damaged() from error

    def damaged(self) -> StorageError:
        """Return the refusal of a database that has lost what it held."""
        return DAMAGED.error(self.place)

    def emptied(self) -> StorageError:
        """Return the refusal of a database that should hold something."""
        return CorruptDatabaseError(f"The database {self.place} is empty; restore it from a backup.")

    def ownerless(self) -> StorageError:
        """Return the refusal of a database that holds something, and does not say whose it is."""
        return CorruptDatabaseError(
            f"The database {self.place} has lost the row of its table installation, which says whose it is; "
            "restore it from a backup."
        )

    def foreign(self) -> StorageError:
        """Return the refusal of a database in which somebody else lives."""
        return FOREIGN.error(self.place)


def parse_url(text: str) -> URL:
    """Return the URL of a database that Callsheet can use.

    Raises
    ------
    StorageError
        The text is no URL, or of a kind that is not supported.
    """
    try:
        text.encode()  # it may hold surrogates, for bytes that are no text
        url = make_url(text)
    except (ArgumentError, ValueError):  # not repeated: it may hold a password
        raise StorageError(NO_URL) from None
    if url.drivername not in _SQLITE | _POSTGRESQL:
        raise StorageError(f"Databases of kind {url.drivername!r} are not supported; {WRITE}")
    return url


def database_at(text: str) -> Database:
    """Return the database at the URL ``text``; StorageError as for `parse_url`."""
    url = parse_url(text)
    if url.drivername in _SQLITE:
        from callsheet.storage.sqlite.database import SQLite

        return SQLite(url)
    from callsheet.storage.postgresql.database import PostgreSQL  # its driver need not be installed

    return PostgreSQL(url)
