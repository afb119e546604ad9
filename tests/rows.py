"""Everything in a database as another program reads it: what is equal here is equal byte for byte."""

from typing import Any, Final

from sqlalchemy import JSON

from callsheet.storage import tables
from callsheet.storage.sqlite.database import SQLite
from callsheet.storage.store import Store
from tests.storage.others import ask

_TABLES: Final = tuple(tables.metadata.tables)

_JSON: Final = frozenset(
    column.name
    for table in tables.metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, JSON)
)


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in order, JSON as the text it is."""
    return {table: rows(store, table) for table in _TABLES}


def rows(store: Store, table: str) -> list[tuple[Any, ...]]:
    """Every row of a table, by its key."""
    columns = ", ".join(_column(store, name) for name in _names(store, table))
    return sorted(ask(store, f"SELECT {columns} FROM {table}"), key=lambda row: row[:3])


def _names(store: Store, table: str) -> list[str]:
    if isinstance(store.database, SQLite):
        return [row[1] for row in ask(store, f"PRAGMA table_info({table})")]
    query = f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 ORDER BY attnum"
    return [row[0] for row in ask(store, query)]


def _column(store: Store, name: str) -> str:
    if name == "hidden":
        return "CAST(hidden AS integer)"
    return f'CAST("{name}" AS text)' if name in _JSON else f'"{name}"'
