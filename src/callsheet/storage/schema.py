"""The schema: which version a database has, whether this program can use it, and its migration."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, false, update

from callsheet.domain.errors import CorruptDatabaseError, StorageError
from callsheet.domain.hints import Hint
from callsheet.storage import tables
from callsheet.storage.database import Database
from callsheet.storage.meaning import TABLE_MISSING

#: The newest migration this program knows; a test keeps it true.
HEAD: Final = "0003"

_MIGRATIONS: Final = Path(__file__).parent / "migrations"

_log = logging.getLogger("callsheet")


class Schema(Enum):
    """What a database needs before it can be used."""

    EMPTY = "empty"
    OLD = "old"
    CURRENT = "current"


def inspect(database: Database) -> tuple[Schema, str | None]:
    """Return what ``database`` is and its schema's revision, without changing anything.

    Raises
    ------
    StorageError
        It belongs to another program, was made by a newer Callsheet, is damaged, or cannot be read.
    """
    revision = database.revision()
    if revision is None:
        return Schema.EMPTY, None
    if revision == HEAD:
        return Schema.CURRENT, revision
    if revision in known_revisions():
        return Schema.OLD, revision
    if not _is_later(revision):
        raise CorruptDatabaseError(
            f"The database {database.display_name} has schema {revision}, which no release of Callsheet made; "
            "restore it from a backup."
        )
    raise StorageError(
        f"The database {database.display_name} was made by a newer Callsheet: its schema is {revision}, "
        f"this program knows {HEAD}; upgrade Callsheet."
    )


def refuse_old(database: Database) -> Schema:
    """Return what ``database`` is; StorageError as for `inspect`, and if it has to be migrated first."""
    found, revision = inspect(database)
    if found is Schema.OLD:
        raise StorageError(
            f"The database {database.display_name} has schema {revision}, this program needs {HEAD}",
            hint=Hint.MIGRATE,
        )
    return found


def refuse_unservable(database: Database) -> None:
    """Raise StorageError unless a running server can go on reading ``database``. Changes nothing.

    The database is examined over a new connection. A server that runs continues with a schema of a later release,
    and logs a warning: migrations only add, and if it stopped, a key that is disabled in the middle of an upgrade
    would work on it until it is replaced.
    """
    revision = database.revision()
    if revision is None:
        raise database.emptied()
    if _is_later(revision):
        _log.warning(
            "The database %s was migrated to schema %s by a newer Callsheet; this server, which knows %s, "
            "continues to read it. Replace this server with the newer release soon.",
            database.display_name,
            revision,
            HEAD,
        )
    elif revision != HEAD:
        refuse_old(database)
    with database.snapshot_connection() as connection:
        if tables.metadata.tables.keys() - database.table_names(connection):
            raise TABLE_MISSING.error(database.display_name)


def _is_later(revision: str) -> bool:
    """Return whether it is the number of a migration that a later release brought."""
    return revision.isdecimal() and len(revision) == len(HEAD) and revision > HEAD


@contextmanager
def ensure_writable(database: Database) -> Iterator[Connection]:
    """Yield a connection to read from, if the database can be written to; then apply its lasting settings.

    No row is changed.

    Raises
    ------
    StorageError
        The database cannot be written to.
    """
    database.refuse_read_only()
    nothing = update(tables.installation).values(revision=tables.installation.c.revision).where(false())
    with database.transaction(writes=True) as connection:
        connection.execute(nothing)  # where only reading is allowed, only writing fails
        yield connection
    database.apply_lasting_settings()


def known_revisions() -> list[str]:
    """Return every revision this program can migrate from or to, newest first."""
    from alembic.script import ScriptDirectory  # slow to import, rarely needed

    return [script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()]


def migrate(database: Database) -> None:
    """Bring ``database`` to `HEAD`, in one transaction that only one process can be in.

    The lock is the database's own, in `Database.migration`: on SQLite, the write lock of the file; on PostgreSQL,
    an advisory lock.

    Raises
    ------
    StorageError
        The database cannot be changed.
    """
    from alembic import command  # slow to import, rarely needed
    from alembic.config import Config

    database.refuse_read_only()
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with database.migration() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
