"""Connections to a SQLite file: how they are opened, and what each begins with."""

import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event

from callsheet.storage import database
from callsheet.storage.database import milliseconds

#: The first statement on a connection that must not write, not even when it is closed.
QUERY_ONLY = "PRAGMA query_only = ON"


def make_engine(url: URL, path: Path, options: dict[str, str], *first: str) -> Engine:
    """Return an engine that opens the file at ``path`` for every connection.

    Parameters
    ----------
    url
        Of the database.
    path
        Of its file.
    options
        SQLite's parameters of a URI, such as ``mode``.
    first
        Statements that every connection begins with.
    """
    name = f"file:{quote(str(path))}"
    uri = url.set(database=name).update_query_dict({**options, "uri": "true"})
    engine = create_engine(uri, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where `Database.begin` says, DDL included
        connection.execute(f"PRAGMA busy_timeout = {milliseconds(database.LOCK_TIMEOUT_SECONDS)}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # what was acknowledged survives a power cut
        for statement in first:
            connection.execute(statement)

    return engine


def driver_connection(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection, on which a statement takes a tenth of the time."""
    opened = connection.connection.driver_connection
    assert isinstance(opened, sqlite3.Connection)  # noqa: S101  # a connection that is open has one
    return opened


def use_wal(engine: Engine) -> None:
    """Switch the file to WAL mode, in which readers go on while another process writes. The file keeps the mode.

    Raises
    ------
    sqlite3.Error
        Another process held the file for `database.MIGRATION_TIMEOUT_SECONDS`, or the file cannot be written.
    """
    with engine.connect() as connection:
        raw = driver_connection(connection)
        deadline = time.monotonic() + database.MIGRATION_TIMEOUT_SECONDS
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:  # for this one SQLite does not wait by itself
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return
