"""The schema: is it of our age, and how it is brought there."""

import logging
from enum import Enum
from pathlib import Path
from typing import Final

from sqlalchemy import false, update

from callsheet.domain.errors import CorruptDatabaseError, StorageError
from callsheet.domain.hints import Hint
from callsheet.storage import tables
from callsheet.storage.database import Database
from callsheet.storage.meaning import TABLE_MISSING

#: The newest migration this program knows; a test keeps it true.
HEAD: Final = "0001"


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
            f"The database {database.place} has schema {revision}, which no release of Callsheet made; "
            "restore it from a backup."
        )
    raise StorageError(
        f"The database {database.place} was made by a newer Callsheet: its schema is {revision}, "
        f"this program knows {HEAD}; upgrade Callsheet."
    )


def refuse_old(database: Database) -> Schema:
    """Return what ``database`` is; StorageError as for `inspect`, and if it has to be migrated first."""
    found, revision = inspect(database)
    if found is Schema.OLD:
        raise StorageError(
            f"The database {database.place} has schema {revision}, this program needs {HEAD}", hint=Hint.MIGRATE
        )
    return found


def refuse_unfit(database: Database) -> None:
    """Raise StorageError unless ``database`` can be served from, seen through a new connection. Changes nothing.

    A server that runs goes on following a schema of a later release, with a warning: migrations only add, and if it
    stopped, a key that is disabled in the middle of an upgrade would work on it until it is replaced.
    """
    revision = database.revision()
    if revision is None:
        raise database.emptied()
    if _is_later(revision):
        _log.warning(
            "The database %s was migrated to schema %s by a newer Callsheet; this server, which knows %s, goes on "
            "following it. Replace it with the newer release soon.",
            database.place,
            revision,
            HEAD,
        )
    elif revision != HEAD:
        refuse_old(database)
    with database.looking() as connection:
        if tables.metadata.tables.keys() - database.table_names(connection):
            raise TABLE_MISSING.error(database.place)


def _is_later(revision: str) -> bool:
    """Return whether it is the number of a migration that a release after this one brought."""
    return revision.isdecimal() and len(revision) == len(HEAD) and revision > HEAD


def check_writable(database: Database) -> None:
    """Raise StorageError unless the database can be written to. Changes nothing."""
    database.refuse_read_only()
    nothing = update(tables.installation).values(revision=tables.installation.c.revision).where(false())
    with database.transaction(writes=True) as connection:
        connection.execute(nothing)  # where only reading is allowed, only writing fails
    database.settle()


def known_revisions() -> list[str]:
    """Return every revision this program can migrate from or to, newest first."""
    from alembic.script import ScriptDirectory  # slow to import, rarely needed

    scripts = ScriptDirectory(str(Path(__file__).parent / "migrations"))
    return [script.revision for script in scripts.walk_revisions()]


def migrate(database: Database) -> None:
    """Bring ``database`` to `HEAD`, in one transaction that only one process can be in.

    Raises
    ------
    StorageError
        The database cannot be changed.
    """
    from alembic import command  # slow to import, rarely needed
    from alembic.config import Config

    database.refuse_read_only()
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with database.migrating() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
