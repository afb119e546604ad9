"""Everything in a database as another program reads it: what is equal here is equal byte for byte."""

from typing import Any, Final

from callsheet.storage.sqlite.database import SQLite
from callsheet.storage.store import Store
from callsheet.storage.tables import metadata
from tests.storage.others import ask

_TABLES: Final = tuple(table.name for table in metadata.sorted_tables)

_JSON: Final = frozenset(
    {
        *("capabilities", "allow", "deny", "before", "after", "fields", "since", "config", "counts", "pending"),
        *("memory", "tags", "scopes", "answer", "events", "secrets"),
    }
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
