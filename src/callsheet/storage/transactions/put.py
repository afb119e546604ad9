"""Put: many rows of a table at once, whether they are there already or not."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Delete, Insert, Table, and_, bindparam, delete, insert

#: Rows that are written together, so that a hundred thousand are not in memory twice.
ROW_BATCH_SIZE: Final = 5000


def put_rows(
    connection: Connection, table: Table, rows: Iterable[dict[str, Any]], new: Mapping[str, Any] | None = None
) -> None:
    """Add ``rows``, or replace those that have the same key; of one column, and no key may be there twice.

    All rows name the same columns; what is there keeps the others. ``new`` is what those that are added have
    beside, and keep.
    """
    more = new or {}
    remaining = iter(rows)
    while some := list(islice(remaining, ROW_BATCH_SIZE)):
        statement = _put(table, tuple(some[0]), connection.dialect.name)
        connection.execute(statement, [{**row, **more} for row in some])


def add_rows(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Add ``rows``; none may be there already."""
    remaining = iter(rows)
    while some := list(islice(remaining, ROW_BATCH_SIZE)):
        connection.execute(insert(table), some)


def delete_rows(connection: Connection, table: Table, names: Sequence[str], keys: Iterable[Sequence[str]]) -> None:
    """Delete the rows whose columns ``names`` have one of these ``keys``."""
    remaining = iter(keys)
    while some := list(islice(remaining, ROW_BATCH_SIZE)):
        connection.execute(
            _deletion(table, tuple(names)),
            [{_key(name): value for name, value in zip(names, key, strict=True)} for key in some],
        )


@cache
def _put(table: Table, names: tuple[str, ...], dialect: str) -> Insert:
    if dialect == "postgresql":  # slow to import, and most databases are files
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    statement = insert(table)
    (key,) = table.primary_key
    replaced = {name: statement.excluded[name] for name in names if name != key.name}
    return statement.on_conflict_do_update(index_elements=[key], set_=replaced)


@cache
def _deletion(table: Table, names: tuple[str, ...]) -> Delete:
    return delete(table).where(and_(*(table.c[name] == bindparam(_key(name)) for name in names)))


def _key(name: str) -> str:
    """The name of a parameter that differs from that of the column."""
    return f"key_{name}"
