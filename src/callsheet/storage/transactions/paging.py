"""Paging: rows in the order of an index, after or before one of them, so that every page costs the same."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Table, select, tuple_

from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.selecting import Selecting, is_nowhere, plain

T = TypeVar("T")

#: Of a page of rows.
MAX_PAGE_ROWS: Final = 1_000


class Cut(NamedTuple):
    """Which part of the rows a page is.

    Parameters
    ----------
    limit
        How many rows it has at most; 1 to `MAX_PAGE_ROWS`.
    after, before
        The key of the row that it begins after, or ends before; None is the first row, or with ``after`` any.
        There need be no such row. ``after`` goes first if both are given.
    """

    limit: int = 20
    after: Any = None
    before: Any = None


class Slice(NamedTuple, Generic[T]):
    """A page.

    Parameters
    ----------
    rows
        In the order of the list.
    has_more
        Whether there are others in the direction of the cut: before them if it was ``before``, else after them.
    """

    rows: Sequence[T]
    has_more: bool


class PagesReading(Selecting):
    """Pages of what there may be a million of."""

    def page_of_models(self, cut: Cut) -> Slice[rows.Row]:
        """Return a page of the models by id, in the order of the database; keys are ids.

        They are as in `Model.record`, which is what rows hold: to make a thousand models of them takes too long.
        """
        return self._cut(tables.models, ("id",), cut)

    def page_of_aliases(self, cut: Cut) -> Slice[tuple[str, str]]:
        """Return a page of aliases, each with the id of its model, by alias; keys are aliases."""
        result = self._cut(tables.aliases, ("alias",), cut)
        return Slice([(row["alias"], row["model_id"]) for row in result.rows], result.has_more)

    def aliases_of_each(self, model_ids: Iterable[str]) -> dict[str, list[str]]:
        """Return model id to aliases, sorted, of these models; those without any are left out."""
        found: dict[str, list[str]] = {}
        for row in self._rows(tables.aliases, "model_id", model_ids):
            found.setdefault(row["model_id"], []).append(row["alias"])
        return {model_id: sorted(aliases) for model_id, aliases in found.items()}

    def _cut(
        self,
        table: Table,
        key: Sequence[str],
        cut: Cut,
        where: Sequence[ColumnElement[bool]] = (),
        *,
        descending: bool = False,
    ) -> Slice[rows.Row]:
        """Rows by ``key``, names of columns that an index begins with; a cursor is one value, or one for each."""
        columns = [table.c[name] for name in key]
        backwards = cut.after is None and cut.before is not None
        cursor = cut.before if backwards else cut.after
        falling = descending is not backwards
        query = select(table).where(*where)
        if cursor is not None:
            values = cursor if isinstance(cursor, tuple) else (cursor,)
            if any(map(is_nowhere, values)):
                return Slice([], False)
            place = tuple_(*columns) if len(columns) > 1 else columns[0]
            edge = tuple_(*values) if len(columns) > 1 else values[0]
            query = query.where(place < edge if falling else place > edge)
        order = [column.desc() if falling else column.asc() for column in columns]
        result = self._connection.execute(query.order_by(*order).limit(min(cut.limit, MAX_PAGE_ROWS) + 1))
        found = list(plain(result))
        some = found[: cut.limit]
        return Slice(some[::-1] if backwards else some, len(found) > cut.limit)
