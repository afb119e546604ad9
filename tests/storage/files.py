"""Database files as they are found on disk, good and bad."""

import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from callsheet.service.setup import open_store
from callsheet.storage.store import Store

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def url_of(path: Path) -> str:
    """The URL of a database file."""
    return f"sqlite:///{path}"


def make_database(path: Path) -> Store:
    """A database of ours, set up."""
    return open_store(url_of(path), lambda: NOW)


def execute(path: Path, *statements: str) -> None:
    """Change a database as another program would, closing it properly."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def ask(path: Path, query: str) -> list[tuple[object, ...]]:
    """What another program reads in a database."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file of a folder by name, with a hash of its bytes and its mode."""
    return {
        path.name: f"{path.stat().st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in folder.rglob("*")
        if path.is_file()
    }
