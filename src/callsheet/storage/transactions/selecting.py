"""Selecting: rows of the tables, in batches, as there may be a million."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, CursorResult, Select, Table, bindparam, select

from callsheet.domain.changes.change import Subject
from callsheet.storage.transactions.rows import Row

#: Values of one IN list.
VALUE_BATCH_SIZE: Final = 500

#: Rows fetched together.
ROW_BATCH_SIZE: Final = 1000

_NOT_STORED: Final = re.compile("[\x00\ud800-\udfff]")


class Selecting:
    """A transaction that rows are selected in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _texts(self, column: Column[str], *where: ColumnElement[bool]) -> Iterator[str]:
        query = select(column).where(*where)
        result = self._connection.execute(query, execution_options={"yield_per": ROW_BATCH_SIZE})
        return (row[0] for row in result)

    def _rows(
        self, table: Table, column: str, values: Iterable[object] | None, *, of_kinds: bool = False
    ) -> Iterator[Row]:
        for result in self._results(table, column, values, of_kinds=of_kinds):
            yield from plain(result)

    def _results(
        self, table: Table, column: str, values: Iterable[object] | None, *, of_kinds: bool = False
    ) -> Iterator[CursorResult[Any]]:
        """All rows, or those in which a column has one of ``values``; in parts, as there may be a million.

        With ``of_kinds``, the kinds are named as well, as the index of the table begins with them.
        """
        if values is None:
            yield self._connection.execute(select(table), execution_options={"yield_per": ROW_BATCH_SIZE})
            return
        wanted = [value for value in values if not is_nowhere(value)]
        for start in range(0, len(wanted), VALUE_BATCH_SIZE):
            some = {"values": wanted[start : start + VALUE_BATCH_SIZE]}
            yield self._connection.execute(with_one_of(table, column, of_kinds=of_kinds), some)


def is_nowhere(value: object) -> bool:
    """Return whether ``value`` is text that no row can hold, and that databases refuse to be asked for."""
    return isinstance(value, str) and _NOT_STORED.search(value) is not None


@cache
def with_one_of(table: Table, column: str, *, of_kinds: bool = False) -> Select[Any]:
    """The rows in which a column has one of ``values``; with ``of_kinds``, of every known kind."""
    found = select(table).where(table.c[column].in_(bindparam("values", expanding=True)))
    return found.where(table.c.kind.in_([*Subject])) if of_kinds else found


def plain(result: CursorResult[Any]) -> Iterator[Row]:
    """The rows of a result as plain dictionaries."""
    names = tuple(result.keys())
    return (dict(zip(names, row, strict=True)) for part in result.partitions(ROW_BATCH_SIZE) for row in part)
