"""Everything in a database as another program reads it: what is equal here is equal byte for byte."""

from typing import Any, Final

from sqlalchemy import JSON

from callsheet.storage import tables
from callsheet.storage.sqlite.database import SQLite
from callsheet.storage.store import Store
from tests.storage.others import Ask, asking

_SQLITE_COLUMNS: Final = (
    "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY c.cid"
)

_POSTGRESQL_COLUMNS: Final = """
    SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE pg_table_is_visible(attrelid) AND relnamespace <> 'pg_catalog'::regnamespace AND attnum > 0
    ORDER BY attnum
"""

_TABLES: Final = tuple(tables.metadata.tables)

_JSON: Final = frozenset(
    column.name
    for table in tables.metadata.tables.values()
    for column in table.columns
    if isinstance(column.type, JSON)
)


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, in order, JSON as the text it is."""
    with asking(store) as ask:
        names = _names(store, ask)
        return {table: _rows(ask, table, names[table]) for table in _TABLES}


def rows(store: Store, table: str) -> list[tuple[Any, ...]]:
    """Every row of a table, by its key."""
    with asking(store) as ask:
        return _rows(ask, table, _names(store, ask)[table])


def _rows(ask: Ask, table: str, names: list[str]) -> list[tuple[Any, ...]]:
    columns = ", ".join(map(_column, names))
    return sorted(ask(f"SELECT {columns} FROM {table}"), key=lambda row: row[:3])


def _names(store: Store, ask: Ask) -> dict[str, list[str]]:
    """The columns of each table."""
    names: dict[str, list[str]] = {}
    for table, column in ask(_SQLITE_COLUMNS if isinstance(store.database, SQLite) else _POSTGRESQL_COLUMNS):
        names.setdefault(table, []).append(column)
    return names


def _column(name: str) -> str:
    if name == "hidden":
        return "CAST(hidden AS integer)"
    return f'CAST("{name}" AS text)' if name in _JSON else f'"{name}"'
