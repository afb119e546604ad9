"""Put: many rows of a table at once, whether they are there already or not."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, select, update

from callsheet.storage.transactions.selecting import VALUE_BATCH_SIZE

#: Rows that are written together, so that a hundred thousand are not in memory twice.
ROW_BATCH_SIZE: Final = 5000


def put_rows(
    connection: Connection, table: Table, rows: Iterable[dict[str, Any]], new: Mapping[str, Any] | None = None
) -> None:
    """Add ``rows``, or replace those that have the same key; of one column, and no key may be there twice.

    ``new`` is what those that are added have beside, and keep.
    """
    more = new or {}
    (key,) = table.primary_key
    name = key.name
    remaining = iter(rows)
    while some := list(islice(remaining, VALUE_BATCH_SIZE)):
        query = select(key).where(key.in_([row[name] for row in some]))
        present = set(connection.execute(query).scalars())
        add_rows(connection, table, [{**row, **more} for row in some if row[name] not in present])
        changed = [{**row, _key(name): row[name]} for row in some if row[name] in present]
        if changed:
            connection.execute(update(table).where(key == bindparam(_key(name))), changed)


def add_rows(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    """Add ``rows``; none may be there already."""
    remaining = iter(rows)
    while some := list(islice(remaining, ROW_BATCH_SIZE)):
        connection.execute(insert(table), some)


def delete_rows(connection: Connection, table: Table, names: Sequence[str], keys: Iterable[Sequence[str]]) -> None:
    """Delete the rows whose columns ``names`` have one of these ``keys``."""
    remaining = iter(keys)
    statement = delete(table).where(and_(*(table.c[name] == bindparam(_key(name)) for name in names)))
    while some := list(islice(remaining, ROW_BATCH_SIZE)):
        connection.execute(
            statement, [{_key(name): value for name, value in zip(names, key, strict=True)} for key in some]
        )


def _key(name: str) -> str:
    """The name of a parameter that differs from that of the column."""
    return f"key_{name}"
