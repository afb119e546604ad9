"""Pages of the Admin API, which are those of the Models API: ``data``, ``has_more``, ``first_id``, ``last_id``."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel

from callsheet.http.admin.endpoint import PageQuery
from callsheet.storage.transactions.read_admin import Cursor, UnknownCursorError

Item = TypeVar("Item", bound=BaseModel)


def cursor_of(query: PageQuery) -> Cursor:
    """Return the page that ``query`` asks for."""
    return Cursor(query.limit, query.after_id, query.before_id)


def page_of(items: Sequence[BaseModel], *, has_more: bool, member: str = "id") -> dict[str, Any]:
    """Return a page of ``items``; ``member`` is what cursors name them by."""
    data = [item.model_dump(mode="json") for item in items]
    return {
        "data": data,
        "has_more": has_more,
        "first_id": data[0][member] if data else None,
        "last_id": data[-1][member] if data else None,
    }


def page_in_memory(
    items: Sequence[Item], cursor: Cursor, id_of: Callable[[Item], str], member: str = "id"
) -> dict[str, Any]:
    """Return the page of ``items``, which are all there are, in their order, that ``cursor`` asks for.

    Raises
    ------
    UnknownCursorError
        A cursor is not the id of one of them.
    """
    places = {id_of(item): place for place, item in enumerate(items)}

    def place_of(name: str, item_id: str) -> int:
        if item_id not in places:
            raise UnknownCursorError(name)
        return places[item_id]

    start = 0 if cursor.after_id is None else place_of("after_id", cursor.after_id) + 1
    stop = len(items) if cursor.before_id is None else place_of("before_id", cursor.before_id)
    if cursor.before_id is not None and cursor.after_id is None:
        first = max(start, stop - cursor.limit)
        return page_of(items[first:stop], has_more=first > 0, member=member)
    last = min(stop, start + cursor.limit)
    return page_of(items[start:last] if start < last else [], has_more=last < stop, member=member)
