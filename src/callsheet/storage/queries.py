"""Queries that are read in batches, as there may be a million rows, and row counts."""

from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Select, Table, func, select

#: Rows in memory at a time.
ROW_BATCH_SIZE: Final = 1000


def execute_in_batches(connection: Connection, query: Select[Any]) -> CursorResult[Any]:
    """Return the result of ``query``, which fetches `ROW_BATCH_SIZE` rows at a time while it is iterated."""
    return connection.execute(query.execution_options(yield_per=ROW_BATCH_SIZE))


def count_rows(connection: Connection, table: Table) -> int:
    """Return how many rows ``table`` has."""
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
