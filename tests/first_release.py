"""A database as the first release left it, of which every later one must be able to go on."""

import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from callsheet.storage.store import Store

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
