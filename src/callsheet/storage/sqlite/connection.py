"""Connections to a SQLite file: how they are opened, and what each begins with."""

import sqlite3
import time
from functools import partial
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine

from callsheet.storage import database
from callsheet.storage.database import milliseconds
from callsheet.storage.sqlite.guarded import GuardedConnection

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
    statements = (
        f"PRAGMA busy_timeout = {milliseconds(database.LOCK_TIMEOUT_SECONDS)}",
        "PRAGMA foreign_keys = ON",
        "PRAGMA synchronous = FULL",  # what was acknowledged survives a power cut; this one reads the schema
        *first,
    )
    guarded = partial(GuardedConnection, path=path, first=statements, locks="immutable" not in options)
    explicit = {"isolation_level": None}  # transactions begin where `Database.begin` says, DDL included
    return create_engine(uri, poolclass=NullPool, connect_args={"factory": guarded, **explicit})


def driver_connection(connection: Connection) -> GuardedConnection:
    """Return the driver's own connection, on which a statement takes a tenth of the time."""
    opened = connection.connection.driver_connection
    assert isinstance(opened, GuardedConnection)  # noqa: S101  # a connection that is open has one
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
                raw.find_files()
                return
