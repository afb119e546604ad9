"""The engine: how connections are opened and transactions begun, and what a failure means for people."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from callsheet.domain.errors import StorageError

#: How long a statement waits for another process that holds the database, in milliseconds.
BUSY_TIMEOUT: Final = 5000

_WRITES: Final = "callsheet_writes"

READ_ONLY: Final = "is read-only; make the file and its folder writable, or name another with --database"

_NO_URL: Final = "That is not a database URL; write sqlite:////path/to/callsheet.db."

_REASONS: Final = (
    ("locked", "is held by another process; try again in a moment"),
    ("permission denied", "cannot be opened; check the permissions of the file and its folder"),
    ("readonly", READ_ONLY),
    ("not a database", "is not a SQLite database; name another with --database"),
    ("malformed", "is damaged; restore it from a backup"),
    ("disk i/o error", "cannot be read or written; check the disk"),
    ("full", "cannot grow: the disk is full"),
    ("unable to open", "cannot be opened; check that its folder exists and is writable"),
    ("no such file", "is not there; put it back, or name another with --database"),
    ("no such table", "lacks a table it should have; restore it from a backup"),
)


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
        raise StorageError(_NO_URL) from None
    if url.drivername not in ("sqlite", "sqlite+pysqlite"):
        raise StorageError(
            f"Databases of kind {url.drivername!r} are not supported; use sqlite:////path/to/callsheet.db."
        )
    if url.host or url.username or url.port:
        raise StorageError(
            "A SQLite URL names no host; write three slashes before the path, or four if it is absolute."
        )
    if "\0" in str(database_path(url)):
        raise StorageError(_NO_URL)
    unknown = sorted(set(url.query) - {"mode", "uri"})
    if unknown:
        raise StorageError(f"The database URL has an unknown option, {unknown[0]}; only mode is known.")
    if url.query.get("mode", "rw") not in ("ro", "rw", "rwc"):
        raise StorageError("The mode of a database URL is ro, rw or rwc.")
    if not url.database or url.database == ":memory:":
        raise StorageError("A database in memory cannot be shared; name a file: sqlite:////path/to/callsheet.db.")
    return url


def database_path(url: URL) -> Path:
    """Return the file of a SQLite database."""
    name = url.database or ""
    return Path(unquote(name.removeprefix("file:")) if name.startswith("file:") else name)


def make_engine(url: URL, *, read_only: bool = False) -> Engine:
    """Return an engine whose every connection is opened when needed and closed after use.

    ``read_only`` opens the file so that nothing changes it or is left beside it.
    """
    mode = _reading_mode(url) if read_only else url.query.get("mode", "rw")  # rw: never make a file by opening it
    name = f"file:{quote(str(database_path(url)))}"
    uri = url.set(database=name).update_query_dict({"mode": mode, "uri": "true"})
    engine = create_engine(uri, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where _begin says, DDL included
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
        if read_only:
            connection.execute("PRAGMA query_only = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _reading_mode(url: URL) -> str:
    """How to open a file so that SQLite tidies up behind itself.

    Only a connection that may write takes its -wal and -shm away; but where they are there already, it would
    also bring into the file what another process left in them.
    """
    path = database_path(url)
    return "ro" if path.with_name(f"{path.name}-wal").exists() else "rw"


@contextmanager
def transaction(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """Yield a connection in a transaction: committed at the end, rolled back on any error.

    Raises
    ------
    StorageError
        The database refused; the sentence says why and what to do.
    """
    with explained(engine.url), engine.connect() as connection:
        connection = connection.execution_options(**{_WRITES: writes})
        with connection.begin():
            yield connection


@contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn what the driver raises into a sentence for people."""
    try:
        yield
    except DBAPIError as error:
        raise _explain(url, str(error.orig)) from error
    except (sqlite3.Error, OSError) as error:
        raise _explain(url, str(error)) from error
    except (JSONDecodeError, UnicodeDecodeError) as error:  # what was read is no JSON, or no text
        raise _explain(url, f"malformed: {error}") from error


def _explain(url: URL, message: str) -> StorageError:
    name = f"The database {database_path(url)}"
    for part, reason in _REASONS:
        if part in message.lower():
            return StorageError(f"{name} {reason}.")
    return StorageError(f"{name} failed: {message}.")
