"""Integrity: reads what the tables hold so that damage in one row does not hide the others."""

import json
from collections.abc import Iterable, Iterator
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

from callsheet.domain.changes.change import Subject
from callsheet.storage import tables
from callsheet.storage.database import Database
from callsheet.storage.queries import count_rows, execute_in_batches
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import Installation, ReadTransaction
from callsheet.storage.transactions.rows import Row

#: Where the rows of each kind are.
_TABLES: Final = {
    Subject.MODEL: tables.models,
    Subject.ALIAS: tables.aliases,
    "tombstone": tables.tombstones,
    Subject.WORKSPACE: tables.workspaces,
    Subject.KEY: tables.api_keys,
    "claims": tables.claims,
    Subject.SOURCE: tables.sources,
    "source state": tables.source_states,
    "absence": tables.absences,
    Subject.ADMIN_KEY: tables.admin_keys,
    Subject.CALENDAR: tables.calendars,
    "retirement date": tables.retirement_dates,
    Subject.WEBHOOK: tables.webhooks,
    "delivery": tables.outbox,
}

#: The same of what is only checked to refer to what there is.
_REFERRING: Final = {
    "key use": tables.key_uses,
    "repeated request": tables.repeated_requests,
    "console session": tables.console_sessions,
}

#: The kinds whose changes are recorded one by one; of claims, only some are.
KINDS: Final = (
    *(Subject.MODEL, Subject.ALIAS, Subject.WORKSPACE, Subject.KEY),
    *(Subject.SOURCE, Subject.ADMIN_KEY, Subject.CALENDAR, Subject.WEBHOOK),
)

#: The value of a column whose text is not valid JSON.
INVALID_JSON: Final = object()


class Integrity:
    """Queries over the rows of one transaction that work whatever state the rows are in."""

    def __init__(self, connection: Connection, database: Database) -> None:
        self._connection = connection
        self._database = database

    def installation(self) -> Installation | None:
        """Return the installation, or None if nothing has been set up."""
        return self.reading().installation()

    def count_installations(self) -> int:
        """Return how many installations there are; there can only be one."""
        return count_rows(self._connection, tables.installation)

    def is_append_only(self) -> bool:
        """Return whether the database itself refuses to change or drop a change record."""
        return self._database.is_append_only(self._connection)

    def reading(self) -> ReadTransaction:
        """Return the same transaction, for reading rows as values."""
        return ReadTransaction(self._connection)

    def counts(self) -> dict[str, int]:
        """Return how many rows each table has."""
        return {table.name: count_rows(self._connection, table) for table in (*_TABLES.values(), tables.changes)}

    def rows(self, kind: str) -> Iterator[Row]:
        """Yield the rows of a kind, in no order."""
        table = _TABLES[kind]
        for values in self._fetch(select(*_raw(table))):
            yield _row(table.columns, values)

    def dangling_references(self, kind: str, column: str, of: str) -> Iterator[tuple[str, str]]:
        """Yield (id, value) of rows whose ``column`` refers to a missing row of kind ``of``."""
        table, other = {**_TABLES, **_REFERRING}[kind], _TABLES[of].alias()
        wanted, named = table.c[column], other.c[_key(_TABLES[of]).name]
        query = select(_key(table), wanted).outerjoin(other, named == wanted)
        return self._pairs(query.where(wanted.is_not(None), named.is_(None)))

    def claimed_subjects(self, kind: str) -> Iterator[str]:
        """Yield every model (``kind`` model) or alias on which claims are stored, in order."""
        claims = tables.claims.c
        return self._ids(select(claims.subject).distinct().where(claims.kind == kind).order_by(claims.subject))

    def aliases_of_model_ids(self) -> Iterator[tuple[str, str]]:
        """Yield (alias, target) of every alias that is the id of a model as well."""
        aliases, models = tables.aliases, tables.models
        return self._pairs(select(aliases.c.alias, aliases.c.model_id).join(models, models.c.id == aliases.c.alias))

    def tombstones_of_models(self) -> Iterator[str]:
        """Yield the id of every model that exists and also has a tombstone."""
        models, tombstones = tables.models.c, tables.tombstones
        return self._ids(select(models.id).join(tombstones, tombstones.c.id == models.id))

    def models_without_tombstone(self) -> Iterator[str]:
        """Yield the ids of models with change records but neither a row nor a tombstone."""
        models, tombstones, changes = tables.models, tables.tombstones, tables.changes
        return self._ids(
            select(changes.c.subject)
            .distinct()
            .outerjoin(models, models.c.id == changes.c.subject)
            .outerjoin(tombstones, tombstones.c.id == changes.c.subject)
            .where(changes.c.kind == Subject.MODEL, models.c.id.is_(None), tombstones.c.id.is_(None))
        )

    def tombstones_with_last_change(self) -> Iterator[tuple[Row, Row | None]]:
        """Yield each tombstone of a model that does not exist, with that model's last change record, if any."""
        tombstones, models, changes = tables.tombstones, tables.models, tables.changes
        others = changes.alias().c
        last = select(func.max(others.number)).where(
            others.kind == Subject.MODEL, others.subject == tombstones.c.id
        )
        query = (
            select(*_raw(tombstones), *_raw(changes))
            .outerjoin(models, models.c.id == tombstones.c.id)
            .outerjoin(changes, changes.c.number == last.scalar_subquery())
            .where(models.c.id.is_(None))
        )
        return self._paired(query, tombstones, changes)

    def rows_without_history(self, kind: str) -> Iterator[str]:
        """Yield the id of every row of a kind that has no change record."""
        key, changes = _key(_TABLES[kind]), tables.changes.c
        recorded = select(changes.number).where(changes.kind == kind, changes.subject == key).exists()
        return self._ids(select(key).where(~recorded))

    def changes(self) -> Iterator[Row]:
        """Yield the change records in order, without the states before and after."""
        changes = tables.changes
        columns = [column for column in changes.columns if column.name not in ("before", "after")]
        query = select(*map(_as_stored, columns)).order_by(changes.c.number)
        return (_row(columns, values) for values in self._fetch(query))

    def change_histories(self, kind: str) -> Iterator[tuple[Row, Row | None]]:
        """Yield the change records of a kind by subject, then in order; each with its subject's present row."""
        changes, table = tables.changes, _TABLES[kind]
        query = (
            select(*_raw(changes), *_raw(table))
            .outerjoin(table, _key(table) == changes.c.subject)
            .where(changes.c.kind == kind)
            .order_by(changes.c.subject, changes.c.number)
        )
        return self._paired(query, changes, table)

    def _paired(self, query: Select[Any], one: Table, other: Table) -> Iterator[tuple[Row, Row | None]]:
        """The rows of an outer join of all columns of two tables; None where ``other`` has no row."""
        width = len(one.columns)
        for values in self._fetch(query):
            second = None if values[width] is None else _row(other.columns, values[width:])
            yield _row(one.columns, values[:width]), second

    def _ids(self, query: Select[Any]) -> Iterator[str]:
        return (each[0] for each in self._fetch(query))

    def _pairs(self, query: Select[Any]) -> Iterator[tuple[str, str]]:
        return ((each[0], each[1]) for each in self._fetch(query))

    def _fetch(self, query: Select[Any]) -> Iterator[tuple[Any, ...]]:
        return (tuple(row) for row in execute_in_batches(self._connection, query))


@contextmanager
def read_integrity(store: Store) -> Iterator[Integrity]:
    """Yield the queries over a snapshot of ``store``."""
    with store.database.snapshot_connection() as connection:
        yield Integrity(connection, store.database)


def _key(table: Table) -> Column[Any]:
    """The column by which other rows, and change records, name a row."""
    return next(iter(table.primary_key))


def _raw(table: Table) -> list[ColumnElement[Any]]:
    """The columns of a table, as stored where decoding one could fail and end the whole query."""
    return [_as_stored(column) for column in table.columns]


def _as_stored(column: Column[Any]) -> ColumnElement[Any]:
    if isinstance(column.type, JSON):
        return cast(column, Text)
    return type_coerce(column, NullType()) if isinstance(column.type, LargeBinary) else column


def _row(columns: Iterable[Column[Any]], values: tuple[Any, ...]) -> Row:
    """The row as `rows` reads it, with INVALID_JSON for text that is not."""
    return {
        column.name: _parsed(value) if isinstance(column.type, JSON) else value
        for column, value in zip(columns, values, strict=True)
    }


def _parsed(text: str | None) -> object:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return INVALID_JSON
