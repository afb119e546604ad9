"""The schema: is this database ours, is it of our age, and how it is brought there."""

import os
import sqlite3
import time
from enum import Enum
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, text

from callsheet.domain.errors import StorageError
from callsheet.storage.engine import BUSY_TIMEOUT, READ_ONLY, database_path, explained, make_engine, transaction

#: The newest migration this program knows; a test keeps it true.
HEAD: Final = "0001"

#: Marks a SQLite file as ours: "Call" in ASCII.
APPLICATION_ID: Final = 0x43616C6C

#: Larger files take too long to read whole at every start.
_CHECKED_BYTES: Final = 16 * 2**20


class Schema(Enum):
    """What a database needs before it can be used."""

    EMPTY = "empty"
    OLD = "old"
    CURRENT = "current"


def inspect(url: URL) -> tuple[Schema, str | None]:
    """Return what the database at ``url`` is and its schema's revision, without changing anything.

    Raises
    ------
    StorageError
        It belongs to another program, was made by a newer Callsheet, is damaged, or cannot be read.
    """
    path = database_path(url)
    with explained(url):
        if path.is_dir():
            raise StorageError(f"The database {path} is a folder; name a file with --database.")
        if url.query.get("mode") == "ro" or (os.access(path, os.R_OK) and not os.access(path, os.W_OK)):
            raise StorageError(f"The database {path} {READ_ONLY}.")
        if not path.exists() or path.stat().st_size == 0:
            if not path.parent.is_dir():
                raise StorageError(f"The folder {path.parent} does not exist; create it, or name another database.")
            return Schema.EMPTY, None
    engine = make_engine(url, read_only=True)
    with transaction(engine, writes=False) as connection:
        revision = _revision(connection, path)
        if revision is None:
            return Schema.EMPTY, None
        if path.stat().st_size <= _CHECKED_BYTES:
            _check_pages(connection, path)
    if revision == HEAD:
        return Schema.CURRENT, revision
    if revision in known_revisions():
        return Schema.OLD, revision
    raise StorageError(
        f"The database {path} was made by a newer Callsheet: its schema is {revision}, "
        f"this program knows {HEAD}; upgrade Callsheet."
    )


def _revision(connection: Connection, path: Path) -> str | None:
    """Return the schema's revision; None for a database nothing has been made in."""
    tables = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
    owner = connection.execute(text("PRAGMA application_id")).scalar_one()
    if not tables and owner in (0, APPLICATION_ID):
        return None
    if owner != APPLICATION_ID or "alembic_version" not in tables:
        raise StorageError(f"The database {path} belongs to another program; name another with --database.")
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if revision is None:
        raise StorageError(f"The database {path} is damaged; restore it from a backup.")
    return str(revision)


def _check_pages(connection: Connection, path: Path) -> None:
    if connection.execute(text("PRAGMA quick_check(1)")).scalar() != "ok":
        raise StorageError(f"The database {path} is damaged; restore it from a backup.")


def check_writable(engine: Engine) -> None:
    """Raise StorageError unless the database can be written to. Changes nothing."""
    with explained(engine.url), engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None  # noqa: S101  # a connection that is open has one
        cursor = raw.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("DELETE FROM installation WHERE false")  # on a read-only file, only writing fails
        cursor.execute("ROLLBACK")


def known_revisions() -> list[str]:
    """Return every revision this program can migrate from or to, newest first."""
    from alembic.script import ScriptDirectory  # slow to import, rarely needed

    scripts = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    return [script.revision for script in scripts.walk_revisions()]


def migrate(url: URL) -> None:
    """Bring the database at ``url`` to `HEAD`, in one transaction that only one process can be in.

    Raises
    ------
    StorageError
        The database cannot be changed.
    """
    from alembic import command  # slow to import, rarely needed
    from alembic.config import Config

    with explained(url):  # it will hold who may ask; SQLite's other files take its mode over
        database_path(url).touch(mode=0o600)
    engine = make_engine(url)
    _use_wal(engine)  # first: a program killed in between has then made nothing that looks finished
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with transaction(engine, writes=True) as connection:
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _use_wal(engine: Engine) -> None:
    """Let readers go on while somebody writes. Kept in the file, so once is enough."""
    with explained(engine.url), engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None  # noqa: S101  # a connection that is open has one
        deadline = time.monotonic() + BUSY_TIMEOUT / 1000
        while True:
            try:
                raw.cursor().execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError:  # for this one SQLite does not wait by itself
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return
