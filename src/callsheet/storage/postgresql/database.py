"""`Database` for PostgreSQL: a server that many processes share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from callsheet.domain.errors import StorageError, StorageUnavailableError
from callsheet.storage import database, tables
from callsheet.storage.database import Database, milliseconds
from callsheet.storage.postgresql.connection import LONG_ANSWER_TIMEOUT_SECONDS, connect, driver_connection
from callsheet.storage.postgresql.errors import explain
from callsheet.storage.postgresql.watch import CHANNEL, PostgreSQLWatch

#: How long one statement may take.
STATEMENT_TIMEOUT_SECONDS: Final = 30.0

#: The same where the whole database is read or written: a million models take seconds.
LONG_STATEMENT_TIMEOUT_SECONDS: Final = 600.0

#: How long a process that stopped in the middle of a transaction can block others.
_IDLE_TIMEOUT_SECONDS: Final = 60.0

#: The triggers without which change records could be edited.
_GUARDS: Final = {"changes_no_update", "changes_no_delete", "changes_no_truncate"}

#: Takes the lock that serialises writers, one for each schema: its number is "Call" in ASCII.
_LOCK: Final = "SELECT pg_advisory_xact_lock(1130458220, hashtext(current_schema()))"

#: The parameters of a URL that are shown to people; others may be secret.
_SHOWN: Final = ("host", "hostaddr", "port", "service", "user", "dbname")

#: The parameters that decide where the data is; a schema may be named in the options.
_DECISIVE: Final = (*_SHOWN, "options")


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
        The URL is not one of PostgreSQL's.
    """

    driver_error = psycopg.Error

    def __init__(self, url: URL) -> None:
        _check(url)
        self.display_name = _display_name(url)
        self.engine = self._make_engine(url)

    @property
    def canonical_address(self) -> str:
        """The parameters that libpq would use: those of the URL, else those of the environment."""
        _, named = self.engine.dialect.create_connect_args(self.engine.url)
        others = {each.keyword.decode(): (each.val or b"").decode() for each in psycopg.pq.Conninfo.get_defaults()}
        return make_conninfo(**{name: named.get(name) or others[name] for name in _DECISIVE})

    def begin(self, connection: Connection, *, writes: bool) -> None:
        """Begin a snapshot, or take the lock that serialises writers.

        Time-outs are set in each transaction: a pooler may lend the next one another connection.
        """
        if writes:
            self._lock(connection, STATEMENT_TIMEOUT_SECONDS, database.LOCK_TIMEOUT_SECONDS)
        else:
            connection.exec_driver_sql(
                f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; {_timeouts(STATEMENT_TIMEOUT_SECONDS)}"
            )

    def commit(self, connection: Connection) -> None:
        """Commit; if the connection is lost meanwhile, it is unknown whether the change was made."""
        try:
            super().commit(connection)
        except DBAPIError as error:
            if not isinstance(self.explain(error.orig or error), StorageUnavailableError):
                raise
            raise StorageUnavailableError(
                f"The database {self.display_name} went away while a change was being committed; "
                "look whether it was made before you make it again."
            ) from error

    def revision(self) -> str | None:
        """Return the schema's revision, after checking whose the tables are."""
        with self.transaction(writes=False) as connection:
            self._check_fit(connection)
            names = self.table_names(connection)
            ours = names & set(tables.metadata.tables)
            if "alembic_version" not in names and not ours:
                return None
            if "alembic_version" not in names or not self._holds_installation(connection):
                raise self.foreign()
            return self.recorded_revision(connection)

    @contextmanager
    def migration(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that makes tables, while no other process writes."""
        with self.translating_errors(), self.engine.connect() as connection, connection.begin():
            driver_connection(connection).answer_timeout = LONG_ANSWER_TIMEOUT_SECONDS
            self._lock(connection, LONG_STATEMENT_TIMEOUT_SECONDS, database.MIGRATION_TIMEOUT_SECONDS)
            yield connection

    def refuse_read_only(self) -> None:
        """No-op: only the server knows."""

    @contextmanager
    def snapshot_connection(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that only reads, with long time-outs."""
        with self.transaction(writes=False) as connection:
            self.extend_timeouts(connection)
            yield connection

    def identity(self, connection: Connection) -> object:
        """Return the start time of the server, which no other shares, its database and the schema."""
        query = text(
            "SELECT pg_postmaster_start_time(), oid, current_schema() FROM pg_database "
            "WHERE datname = current_database()"
        )
        return tuple(connection.execute(query).one())

    def extend_timeouts(self, connection: Connection) -> None:
        """Lengthen the server's time-outs and our own for this transaction; without any, it could hang forever."""
        driver_connection(connection).answer_timeout = LONG_ANSWER_TIMEOUT_SECONDS
        connection.exec_driver_sql(_timeouts(LONG_STATEMENT_TIMEOUT_SECONDS, LONG_STATEMENT_TIMEOUT_SECONDS))

    def is_append_only(self, connection: Connection) -> bool:
        """Return whether the append-only triggers are there, and enabled."""
        query = text(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('changes') AND tgenabled IN ('O', 'A')"
        )
        return set(connection.execute(query).scalars()) >= _GUARDS

    @contextmanager
    def without_append_only_triggers(self, connection: Connection) -> Iterator[None]:
        """Disable the triggers in this transaction; other sessions see them enabled until it commits."""
        connection.exec_driver_sql("ALTER TABLE changes DISABLE TRIGGER USER")
        yield
        connection.exec_driver_sql("ALTER TABLE changes ENABLE TRIGGER USER")

    def continue_numbers(self, connection: Connection, last: int) -> None:
        """Advance the sequence."""
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence('changes', 'number'), greatest(:last, 1), :last > 0)"),
            {"last": last},
        )

    def announce(self, connection: Connection, revision: int) -> None:
        """Notify those who listen; PostgreSQL sends it when the transaction commits."""
        connection.execute(
            text("SELECT pg_notify(:channel, :revision)"), {"channel": CHANNEL, "revision": str(revision)}
        )

    def table_names(self, connection: Connection) -> set[str]:
        """Return the names of all relations in the schema: tables share their names with the others."""
        query = text("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(current_schema())")
        return set(connection.execute(query).scalars())

    def apply_lasting_settings(self) -> None:
        """No-op: all that lasts is in the schema."""

    def remove_side_files(self) -> None:
        """No-op: there are no files."""

    def watch(self) -> PostgreSQLWatch:
        """Return a watch that listens for changes, and polls as well."""
        return PostgreSQLWatch(self)

    def explain(self, error: BaseException) -> StorageError:
        """Return what the server, or the way to it, said as a sentence for people."""
        return explain(self.display_name, error)

    def _make_engine(self, url: URL) -> Engine:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), poolclass=NullPool, use_native_hstore=False
        )

        @event.listens_for(engine, "do_connect")
        def _connect(_dialect: object, _record: object, arguments: Any, options: Any) -> Any:
            return connect(*arguments, **options)

        return engine

    def _lock(self, connection: Connection, statement_timeout: float, lock_timeout: float) -> None:
        connection.exec_driver_sql(
            # What was written before the lock was free must be seen, whatever the server's default is.
            "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; "
            f"{_timeouts(statement_timeout)}; SET LOCAL lock_timeout = {milliseconds(lock_timeout)}; {_LOCK}"
        )

    def _check_fit(self, connection: Connection) -> None:
        query = text("SELECT current_schema(), current_setting('server_encoding')")
        schema, encoding = connection.execute(query).one()
        if schema is None:
            raise StorageError(
                f"The database {self.display_name} has none of the schemas in its search_path; create one."
            )
        if encoding != "UTF8":
            raise StorageError(
                f"The database {self.display_name} is encoded in {encoding}, which cannot hold every name; "
                "create one with ENCODING 'UTF8'."
            )

    def _holds_installation(self, connection: Connection) -> bool:
        """Whether the table installation, a name that another program might use, has our columns."""
        query = text(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('installation') "
            "AND attname IN ('organization_id', 'default_workspace_id', 'revision')"
        )
        return connection.execute(query).scalar() == 3


def _timeouts(statement_timeout: float, idle_timeout: float = _IDLE_TIMEOUT_SECONDS) -> str:
    """Statements that set the time-outs of one transaction."""
    return (
        f"SET LOCAL statement_timeout = {milliseconds(statement_timeout)}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {milliseconds(idle_timeout)}"
    )


def _check(url: URL) -> None:
    """Refuse what libpq would refuse or misread: its error could show part of the password as the host."""
    if "@" in (url.host or ""):
        raise StorageError("The database URL has two @; write that in a user or password as %40.")
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    if set(url.query) - known:  # not repeated: it may be the end of a password
        raise StorageError(
            "The database URL has an option that libpq does not know; in a password, write & as %26."
        )


def _display_name(url: URL) -> str:
    named = {name: value for name, value in url.query.items() if name in _SHOWN}
    shown = URL.create("postgresql", url.username, None, url.host, url.port, url.database, named)
    return shown.render_as_string()
