"""PostgreSQL: a server that many processes share, and what of it is not as in any other database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from callsheet.domain.errors import StorageError, StorageUnavailableError
from callsheet.storage import database, tables
from callsheet.storage.database import Database

try:
    import psycopg
    from psycopg.conninfo import make_conninfo

    from callsheet.storage.postgresql.connection import LONG_PATIENCE, connect, driver_connection
    from callsheet.storage.postgresql.errors import explain
    from callsheet.storage.postgresql.watch import CHANNEL, PostgreSQLWatch
except ImportError as error:  # the package, or the libpq it needs
    raise StorageError(
        "PostgreSQL needs a driver that is not installed; run: pip install 'callsheet[postgresql]'"
    ) from error

#: How long one statement may take, in milliseconds.
STATEMENT_TIMEOUT: Final = 30_000

#: The same where everything is read or written at once: a million models take seconds.
LONG_STATEMENT_TIMEOUT: Final = 600_000

#: After this many milliseconds, a process that stopped in the middle of a transaction no longer holds up others.
_IDLE_TIMEOUT: Final = 60_000

#: The triggers without which change records could be edited.
_GUARDS: Final = {"changes_no_update", "changes_no_delete", "changes_no_truncate"}

#: Names the lock of those who write: "Call" in ASCII, and the schema, as there may be several in one database.
_LOCK: Final = "SELECT pg_advisory_xact_lock(1130458220, hashtext(current_schema()))"

#: What of a URL tells people where the data is; the rest may be secret.
_TOLD: Final = ("host", "hostaddr", "port", "service", "user", "dbname")

#: What decides where the data is; a schema may be named in the options.
_DECISIVE: Final = (*_TOLD, "options")


class PostgreSQL(Database):
    """A database, or a schema of one, on a PostgreSQL server.

    Parameters
    ----------
    url
        ``postgresql://user@host/database``. Its query may hold any parameter of libpq; what is not in the URL
        comes, as for psql, from ``PG*`` variables, a service file and a password file.

    Raises
    ------
    StorageError
        The URL cannot be one of PostgreSQL's, or the driver is not installed.
    """

    driver_error = psycopg.Error

    def __init__(self, url: URL) -> None:
        _check(url)
        self.place = _place(url)
        self.engine = self._make_engine(url)

    @property
    def address(self) -> str:
        """What libpq goes by: the URL, and the environment where that says nothing."""
        _, named = self.engine.dialect.create_connect_args(self.engine.url)
        others = {each.keyword.decode(): (each.val or b"").decode() for each in psycopg.pq.Conninfo.get_defaults()}
        return make_conninfo(**{name: named.get(name) or others[name] for name in _DECISIVE})

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Read what is of one moment, or write when nobody else does.

        Limits are set in each transaction: a pooler may lend the next one another connection.
        """
        if writes:
            self._lock(connection, STATEMENT_TIMEOUT, database.BUSY_TIMEOUT)
        else:
            connection.exec_driver_sql(
                f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; {_limits(STATEMENT_TIMEOUT)}"
            )

    def commit(self, connection: Connection) -> None:
        """Commit; where the answer to that is lost, nobody can tell what became of it."""
        try:
            super().commit(connection)
        except DBAPIError as error:
            if not isinstance(self.explain(error.orig or error), StorageUnavailableError):
                raise
            raise StorageUnavailableError(
                f"The database {self.place} went away while a change was being committed; "
                "look whether it was made before you make it again."
            ) from error

    def revision(self) -> str | None:
        """Return the schema's revision, having looked whose the tables are."""
        with self.transaction(writes=False) as connection:
            self._check_fit(connection)
            names = self.table_names(connection)
            ours = names & set(tables.metadata.tables)
            if "alembic_version" not in names and not ours:
                return None
            if "alembic_version" not in names or not self._holds_installation(connection):
                raise self.foreign()
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        if revision is None:
            raise self.damaged()
        return str(revision)

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that makes tables, while nobody writes."""
        with self.explained(), self.engine.connect() as connection, connection.begin():
            driver_connection(connection).patience = LONG_PATIENCE
            self._lock(connection, LONG_STATEMENT_TIMEOUT, database.MIGRATION_TIMEOUT)
            yield connection

    def refuse_read_only(self) -> None:
        """Nothing: only the server knows."""

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that has time."""
        with self.transaction(writes=False) as connection:
            self.unhurried(connection)
            yield connection

    def identity(self, connection: Connection) -> object:
        """Return the start of the server, which no other shares, the database of that, and the schema."""
        query = text(
            "SELECT pg_postmaster_start_time(), oid, current_schema() FROM pg_database "
            "WHERE datname = current_database()"
        )
        return tuple(connection.execute(query).one())

    def unhurried(self, connection: Connection) -> None:
        """Stretch the limits of this transaction, the server's and our own; without any, a hang would last."""
        driver_connection(connection).patience = LONG_PATIENCE
        connection.exec_driver_sql(_limits(LONG_STATEMENT_TIMEOUT, LONG_STATEMENT_TIMEOUT))

    def is_protected(self, connection: Connection) -> bool:
        """Return whether its triggers are there, and awake."""
        query = text(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('changes') AND tgenabled IN ('O', 'A')"
        )
        return set(connection.execute(query).scalars()) >= _GUARDS

    @contextmanager
    def unprotected(self, connection: Connection) -> Iterator[None]:
        """Put the triggers to sleep; others see them awake, as this shows with the transaction."""
        connection.exec_driver_sql("ALTER TABLE changes DISABLE TRIGGER USER")
        yield
        connection.exec_driver_sql("ALTER TABLE changes ENABLE TRIGGER USER")

    def continue_numbers(self, connection: Connection, last: int) -> None:
        """Move the sequence on."""
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence('changes', 'number'), greatest(:last, 1), :last > 0)"),
            {"last": last},
        )

    def announce(self, connection: Connection, revision: int) -> None:
        """Notify those who listen; PostgreSQL sends it when the transaction is committed."""
        connection.execute(text("SELECT pg_notify(:channel, :said)"), {"channel": CHANNEL, "said": str(revision)})

    def table_names(self, connection: Connection) -> set[str]:
        """Return the names of all that there is in the schema, of whatever kind: all share their names."""
        query = text("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(current_schema())")
        return set(connection.execute(query).scalars())

    def settle(self) -> None:
        """Nothing: all that lasts is in the schema."""

    def tidy(self) -> None:
        """Nothing: there are no files."""

    def watch(self) -> PostgreSQLWatch:
        """Return what listens, and asks as well."""
        return PostgreSQLWatch(self)

    def explain(self, error: BaseException) -> StorageError:
        """Return what the server, or the way to it, said as a sentence for people."""
        return explain(self.place, error)

    def _make_engine(self, url: URL) -> Engine:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), poolclass=NullPool, use_native_hstore=False
        )

        @event.listens_for(engine, "do_connect")
        def _connect(_dialect: object, _record: object, arguments: Any, options: Any) -> Any:
            return connect(*arguments, **options)

        return engine

    def _lock(self, connection: Connection, statement_timeout: int, lock_timeout: int) -> None:
        connection.exec_driver_sql(
            # What was written before the lock was free must be seen, whatever the server's default is.
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; "
            f"{_limits(statement_timeout)}; SET LOCAL lock_timeout = {lock_timeout}; {_LOCK}"
        )

    def _check_fit(self, connection: Connection) -> None:
        query = text("SELECT current_schema(), current_setting('server_encoding')")
        schema, encoding = connection.execute(query).one()
        if schema is None:
            raise StorageError(f"The database {self.place} has none of the schemas in its search_path; create one.")
        if encoding != "UTF8":
            raise StorageError(
                f"The database {self.place} is encoded in {encoding}, which cannot hold every name; "
                "create one with ENCODING 'UTF8'."
            )

    def _holds_installation(self, connection: Connection) -> bool:
        """Whether the table that others might have too has the columns that only ours has."""
        query = text(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('installation') "
            "AND attname IN ('organization_id', 'default_workspace_id', 'revision')"
        )
        return connection.execute(query).scalar() == 3


def _limits(statement_timeout: int, idle_timeout: int = _IDLE_TIMEOUT) -> str:
    """Limits of one transaction, which end with it."""
    return (
        f"SET LOCAL statement_timeout = {statement_timeout}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {idle_timeout}"
    )


def _check(url: URL) -> None:
    """Refuse what libpq would, or would mistake; it might tell people a part of the password as the host."""
    if "@" in (url.host or ""):
        raise StorageError("The database URL has two @; write that in a user or password as %40.")
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    if set(url.query) - known:  # not repeated: it may be the end of a password
        raise StorageError(
            "The database URL has an option that libpq does not know; in a password, write & as %26."
        )


def _place(url: URL) -> str:
    told = {name: value for name, value in url.query.items() if name in _TOLD}
    shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database, told)
    return shown.render_as_string()
