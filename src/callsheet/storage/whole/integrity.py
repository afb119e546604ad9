"""Integrity: what the tables hold, asked for so that damage in one row does not hide the others."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Table,
    Text,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from callsheet.storage import tables
from callsheet.storage.database import Database
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import Installation, ReadTransaction
from callsheet.storage.transactions.rows import Row

_AT_ONCE: Final = 1000  # rows held in memory at a time; there may be a million

#: Where the rows of each kind are.
_TABLES: Final = {
    "model": tables.models,
    "alias": tables.aliases,
    "tombstone": tables.tombstones,
    "workspace": tables.workspaces,
    "key": tables.api_keys,
}

#: The kinds whose changes are recorded one by one.
KINDS: Final = ("model", "alias", "workspace", "key")

#: Stands where text should be JSON and is not.
BROKEN: Final = object()


class Integrity:
    """What can be asked of the rows of one transaction, whatever state they are in."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self._connection = connection
        self._database = database

    def installation(self) -> Installation | None:
        """Return the installation, or None if nothing has been set up."""
        return self.reading().installation()

    def count_installations(self) -> int:
        """Return how many there are, where there can only be one."""
        return self._count(tables.installation)

    def is_append_only(self) -> bool:
        """Return whether the database itself refuses to change or drop a change record."""
        return self._database.is_append_only(self._connection)

    def reading(self) -> ReadTransaction:
        """Return what reads the same rows as what they mean."""
        return ReadTransaction(self._connection)

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return {table.name: self._count(table) for table in (*_TABLES.values(), tables.changes)}

    def rows(self, kind: str) -> Iterator[Row]:
        """Yield the rows of a kind, in no order."""
        table = _TABLES[kind]
        for values in self._fetch(select(*_raw(table))):
            yield _row(table, values)

    def strays(self, kind: str, column: str, of: str) -> Iterator[tuple[str, str]]:
        """Yield id and ``column`` of each row of a kind where that names no row of the kind ``of``."""
        table, other = _TABLES[kind], _TABLES[of].alias()
        wanted, named = table.c[column], other.c[_key(_TABLES[of]).name]
        query = select(_key(table), wanted).outerjoin(other, named == wanted)
        return self._pairs(query.where(wanted.is_not(None), named.is_(None)))

    def aliases_of_model_ids(self) -> Iterator[tuple[str, str]]:
        """Yield every alias, and what it means, that is the id of a model as well."""
        aliases, models = tables.aliases, tables.models
        return self._pairs(select(aliases.c.alias, aliases.c.model_id).join(models, models.c.id == aliases.c.alias))

    def tombstones_of_models(self) -> Iterator[str]:
        """Yield the id of every model that is there and has a tombstone all the same."""
        models, tombstones = tables.models.c, tables.tombstones
        return self._ids(select(models.id).join(tombstones, tombstones.c.id == models.id))

    def models_without_tombstone(self) -> Iterator[str]:
        """Yield the id of every model that change records tell of and that has left no trace."""
        models, tombstones, changes = tables.models, tables.tombstones, tables.changes
        return self._ids(
            select(changes.c.subject)
            .distinct()
            .outerjoin(models, models.c.id == changes.c.subject)
            .outerjoin(tombstones, tombstones.c.id == changes.c.subject)
            .where(changes.c.kind == "model", models.c.id.is_(None), tombstones.c.id.is_(None))
        )

    def removals(self) -> Iterator[tuple[Row, Row | None]]:
        """Yield each tombstone of a model that is not there, with the last change record of that, if any."""
        tombstones, models, changes = tables.tombstones, tables.models, tables.changes
        told = changes.alias().c
        last = select(func.max(told.number)).where(told.kind == "model", told.subject == tombstones.c.id)
        query = (
            select(*_raw(tombstones), *_raw(changes))
            .outerjoin(models, models.c.id == tombstones.c.id)
            .outerjoin(changes, changes.c.number == last.scalar_subquery())
            .where(models.c.id.is_(None))
        )
        return self._paired(query, tombstones, changes)

    def unrecorded(self, kind: str) -> Iterator[str]:
        """Yield the id of every row of a kind that no change record tells of."""
        key, changes = _key(_TABLES[kind]), tables.changes.c
        told = select(changes.number).where(changes.kind == kind, changes.subject == key).exists()
        return self._ids(select(key).where(~told))

    def changes(self) -> Iterator[Row]:
        """Yield the change records in order, without what they say."""
        changes = tables.changes
        for values in self._fetch(select(*_raw(changes)[:-2]).order_by(changes.c.number)):
            yield _row(changes, values)

    def histories(self, kind: str) -> Iterator[tuple[Row, Row | None]]:
        """Yield the change records of a kind by subject, then in order; each with its subject's present row."""
        changes, table = tables.changes, _TABLES[kind]
        query = (
            select(*_raw(changes), *_raw(table))
            .outerjoin(table, _key(table) == changes.c.subject)
            .where(changes.c.kind == kind)
            .order_by(changes.c.subject, changes.c.number)
        )
        return self._paired(query, changes, table)

    def _count(self, table: Table) -> int:
        return int(self._connection.execute(select(func.count()).select_from(table)).scalar_one())

    def _paired(self, query: Select[Any], one: Table, other: Table) -> Iterator[tuple[Row, Row | None]]:
        """The rows of a query for all columns of two tables, of which the other may have none that fits."""
        width = len(one.columns)
        for values in self._fetch(query):
            yield _row(one, values[:width]), None if values[width] is None else _row(other, values[width:])

    def _ids(self, query: Select[Any]) -> Iterator[str]:
        return (each[0] for each in self._fetch(query))

    def _pairs(self, query: Select[Any]) -> Iterator[tuple[str, str]]:
        return ((each[0], each[1]) for each in self._fetch(query))

    def _fetch(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        result = self._connection.execute(query.execution_options(yield_per=_AT_ONCE))
        return (tuple(row) for row in result)


@contextmanager
def read_integrity(store: Store) -> Iterator[Integrity]:
    """Yield what can be asked of a store at one moment."""
    with store.database.snapshot_connection() as connection:
        yield Integrity(connection, store.database)


def _key(table: Table) -> Column[Any]:
    """The column by which other rows, and change records, name a row."""
    return next(iter(table.primary_key))


def _raw(table: Table) -> list[ColumnElement[Any]]:
    """The columns of a table; as they are stored, where reading one could fail and end the whole query."""
    return [_as_stored(column) for column in table.columns]


def _as_stored(column: Column[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, JSON):
        return cast(column, Text)
    return type_coerce(column, NullType()) if isinstance(column.type, LargeBinary) else column


def _row(table: Table, values: tuple[Any, ...]) -> Row:
    """The row as `rows` reads it; BROKEN where that cannot be."""
    return {
        column.name: _parsed(value) if isinstance(column.type, JSON) else value
        for column, value in zip(table.columns, values, strict=False)
    }


def _parsed(text: str | None) -> object:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return BROKEN
