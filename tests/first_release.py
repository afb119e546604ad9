"""A database as the first release left it, of which every later one must be able to go on."""

import json
import sqlite3
from contextlib import closing
from functools import cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from alembic import command
from alembic.config import Config
from sqlalchemy import JSON, Boolean, Column, MetaData

from callsheet.storage.store import Store
from tests.storage.others import ask

_DUMP: Final = Path(__file__).parent / "fixtures" / "first_release.sql"

#: The revision of its content.
REVISION: Final = 20

#: The secrets of its keys that work: of the default workspace, of one that sees less, of the organization.
ADA: Final = "sk-of-the-first-release-ada"
TEAM: Final = "sk-of-the-first-release-team"
ORGANIZATION: Final = "sk-of-the-first-release-org"


def as_released(path: Path) -> Store:
    """Make the database: models in every stage, aliases, a tombstone, workspaces, keys of every status."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_DUMP.read_text(encoding="utf-8"))
    return Store(f"sqlite:///{path}")


def as_released_on_postgresql(url: str, path: Path) -> Store:
    """Make the database in an empty one at ``url``; ``path`` is where it is made first."""
    made, store = as_released(path), Store(url)
    config = Config()
    config.set_main_option("script_location", str(files("callsheet.storage") / "migrations"))
    with store.database.migration() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        present = MetaData()
        present.reflect(connection)
        for table in present.sorted_tables:
            if table.name != "alembic_version":
                columns = [column.name for column in table.columns]
                found = ask(made, f"SELECT {', '.join(map(_quoted, columns))} FROM {table.name}")
                values = [
                    {name: _typed(table.c[name], value) for name, value in zip(columns, row, strict=True)}
                    for row in found
                ]
                connection.execute(table.insert(), values)
        store.database.continue_numbers(connection, 65)
    return store


def _quoted(name: str) -> str:
    return f'"{name}"'


def _typed(column: Column[Any], value: Any) -> Any:
    """A value of SQLite's as PostgreSQL takes it."""
    if isinstance(column.type, Boolean):
        return bool(value)
    return value if value is None or not isinstance(column.type, JSON) else json.loads(value)


def first_release(path: Path) -> Store:
    """Make the same database, migrated to the schema of today."""
    path.write_bytes(_migrated())
    return Store(f"sqlite:///{path}")


@cache
def _migrated() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "callsheet.db"
        as_released(path).migrate()
        return path.read_bytes()
