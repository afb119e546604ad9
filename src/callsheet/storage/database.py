"""Database: the operations that SQLite and PostgreSQL implement differently."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import ClassVar, Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from callsheet.domain.errors import CorruptDatabaseError, DoesNotExistError, StorageError
from callsheet.domain.hints import Hint
from callsheet.storage.meaning import DAMAGED, FOREIGN
from callsheet.storage.watch import Watch

#: How long a statement waits for another process that holds the database.
LOCK_TIMEOUT_SECONDS: Final = 5.0

#: How long a migration waits for other processes that migrate or write.
MIGRATION_TIMEOUT_SECONDS: Final = 60.0

#: What the refusal of a URL advises.
URL_ADVICE: Final = "write sqlite:////path/to/callsheet.db or postgresql://user@host/database."

NOT_A_URL: Final = f"That is not a database URL; {URL_ADVICE}"


class Database(ABC):
    """Where the tables are. All statements are shared; these methods are what differs.

    No connection is opened before it is needed.
    """

    #: The base class of the driver's own errors, where SQLAlchemy does not wrap them.
    driver_error: ClassVar[type[Exception]]

    #: Where the data is, for people: without a password.
    display_name: str

    #: The file that holds everything, or None if the database is not in one.
    file: Path | None = None

    #: Every connection is opened when needed and closed after use.
    engine: Engine

    @property
    @abstractmethod
    def canonical_address(self) -> str:
        """Where the data is, for programs: with the defaults that the URL leaves out, and without a password."""

    @abstractmethod
    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Issue the opening statements of a transaction; writers are serialised."""

    @abstractmethod
    def revision(self) -> str | None:
        """Return the schema's revision, None if nothing has been made here yet. Changes nothing.

        Raises
        ------
        StorageError
            It belongs to another program, is damaged, or cannot be used.
        """

    @abstractmethod
    def migration(self) -> AbstractContextManager[Connection]:
        """Yield a connection in a transaction that makes tables; only one process can be in it."""

    @abstractmethod
    def refuse_read_only(self) -> None:
        """Raise StorageError if the database is known, without opening it, to be read-only."""

    @abstractmethod
    def snapshot_connection(self) -> AbstractContextManager[Connection]:
        """Open a read-only snapshot of the whole database, with long time-outs; creates no side files."""

    @abstractmethod
    def identity(self, connection: Connection) -> object:
        """Return a value that identifies this physical database, however it is addressed, until it restarts."""

    @abstractmethod
    def extend_timeouts(self, connection: Connection) -> None:
        """Allow this transaction the time to read or write the whole database."""

    @abstractmethod
    def is_append_only(self, connection: Connection) -> bool:
        """Return whether the database itself refuses to change or delete a change record."""

    @abstractmethod
    def without_append_only_triggers(self, connection: Connection) -> AbstractContextManager[None]:
        """Allow this transaction to delete change records inside the block."""

    @abstractmethod
    def continue_numbers(self, connection: Connection, last: int) -> None:
        """Make the next change record's number greater than ``last``, after records were copied with theirs."""

    @abstractmethod
    def announce(self, connection: Connection, revision: int) -> None:
        """Notify watches of the new revision when the transaction commits."""

    @abstractmethod
    def table_names(self, connection: Connection) -> set[str]:
        """Return the names of all tables, and perhaps of other objects that share their names."""

    @abstractmethod
    def apply_lasting_settings(self) -> None:
        """Apply the settings that a database keeps and that are not part of its schema."""

    @abstractmethod
    def remove_side_files(self) -> None:
        """Remove the files beside the database that are not needed once this process closes it."""

    @abstractmethod
    def watch(self) -> Watch:
        """Return a watch that notices changes, over its own connection."""

    @abstractmethod
    def explain(self, error: BaseException) -> StorageError:
        """Return the driver's ``error`` as a sentence for people."""

    @contextmanager
    def transaction(self, *, writes: bool) -> Iterator[Connection]:
        """Yield a connection in a transaction: committed at the end, rolled back on any error.

        Raises
        ------
        StorageError
            The database refused; the sentence says why and what to do.
        """
        with self.translating_errors(), self.engine.connect() as connection, connection.begin():
            self.begin(connection, writes=writes)
            yield connection
            if writes:
                self.commit(connection)

    def commit(self, connection: Connection) -> None:
        """Commit what was written."""
        connection.commit()

    @contextmanager
    def translating_errors(self) -> Iterator[None]:
        """Raise the driver's errors as StorageError, with a sentence for people."""
        try:
            yield
        except DBAPIError as error:
            raise self.explain(error.orig or error) from error
        except (self.driver_error, OSError) as error:
            raise self.explain(error) from error
        except (JSONDecodeError, UnicodeDecodeError) as error:  # a column holds invalid JSON or text
            raise self.damaged() from error

    def recorded_revision(self, connection: Connection) -> str:
        """Return the revision in Alembic's table, which must be there; CorruptDatabaseError if it is empty."""
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if revision is None:
            raise self.damaged()
        return str(revision)

    def damaged(self) -> StorageError:
        """Return the refusal of a corrupt database."""
        return DAMAGED.error(self.display_name)

    def emptied(self) -> StorageError:
        """Return the refusal of an empty database that should hold something."""
        return CorruptDatabaseError(f"The database {self.display_name} is empty; restore it from a backup.")

    def not_set_up(self) -> DoesNotExistError:
        """Return the refusal of a database whose tables are all empty."""
        return DoesNotExistError(f"The database {self.display_name} has not been set up", hint=Hint.SET_UP_DATABASE)

    def ownerless(self) -> StorageError:
        """Return the refusal of a database that has rows, but not the one that says whose they are."""
        return CorruptDatabaseError(
            f"The database {self.display_name} has lost the row of its table installation, which says whose it is; "
            "restore it from a backup."
        )

    def foreign(self) -> StorageError:
        """Return the refusal of a database that holds another program's tables."""
        return FOREIGN.error(self.display_name)


def milliseconds(seconds: float) -> int:
    """Return ``seconds`` in the unit that both databases take for a time-out."""
    return round(seconds * 1000)
