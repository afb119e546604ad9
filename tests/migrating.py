"""Fresh SQLite databases get the tables that the first of them has: Alembic takes ten times as long."""

from sqlalchemy import text

from callsheet.storage import schema
from callsheet.storage.database import Database
from callsheet.storage.sqlite.database import SQLite

_TABLES = text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid")

_migrate = schema.migrate
_statements: list[str] = []


def migrate(database: Database) -> None:
    """Do what `schema.migrate` does; for tests of what is written to the tables, not of how they are made."""
    is_fresh = isinstance(database, SQLite) and database.revision() is None
    if not is_fresh or not _statements:
        _migrate(database)
        if is_fresh:
            with database.snapshot_connection() as connection:
                _statements.extend(connection.execute(_TABLES).scalars())
        return
    database.refuse_read_only()
    with database.migration() as connection:
        for statement in _statements:
            connection.exec_driver_sql(statement)
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": schema.HEAD})
