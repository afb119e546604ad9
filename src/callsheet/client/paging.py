"""Paging: which page follows, and whether the pages lead anywhere (contract, sections 3 and 8). Pure.

Two bugs of other servers must not become the caller's: with an ignored cursor a walk would never end, and with
cursors that are null it would end after the first page, silently.
"""

from dataclasses import replace

from callsheet.client.request import PageQuery
from callsheet.domain.errors import PagingError
from callsheet.wire.reading import PageContent

_ADVICE = "so the list cannot be walked to its end; limit=1000 may give it at once."


def promises_more(query: PageQuery, content: PageContent) -> bool:
    """Return whether more models follow a page; where the server does not say, a cursor says so."""
    if content.has_more is None:
        return bool(content.data) and _cursor_sent(query, content) is not None
    return content.has_more


def next_query(query: PageQuery, content: PageContent) -> PageQuery:
    """Return the query for the page after one that promises more.

    Raises
    ------
    PagingError
        It gives nothing to go on from.
    """
    cursor = _cursor_sent(query, content)
    if cursor is None and content.data:  # the server keeps its cursors to itself; they are ids of models
        cursor = content.data[0 if query.is_backward else -1].id
    if cursor is None:
        after = "an empty page" if query.cursor is None else f"an empty page at {query.cursor!r}"
        raise PagingError(f"The server says that more models follow {after}, {_ADVICE}")
    return replace(query, before_id=cursor) if query.is_backward else replace(query, after_id=cursor)


def _cursor_sent(query: PageQuery, content: PageContent) -> str | None:
    return content.first_id if query.is_backward else content.last_id


class Trail:
    """The pages of one walk: where each model was first met, and where each cursor was used.

    All pages of a walk share it; a page may be asked for again, as its number says that it is the same.
    """

    def __init__(self) -> None:
        self._models: dict[str, int] = {}
        self._cursors: dict[str, int] = {}

    def enter(self, number: int, query: PageQuery, content: PageContent) -> None:
        """Note a page, the ``number``-th of the walk.

        Raises
        ------
        PagingError
            It holds its own cursor, or nothing but models of earlier pages, or its cursor has been used before.
        """
        ids = [model.id for model in content.data]
        cursor = query.cursor
        if cursor is not None:
            if cursor in ids:
                raise PagingError(f"The server ignores the cursor {cursor!r}: it lists it again, {_ADVICE}")
            if self._cursors.setdefault(cursor, number) < number:
                raise PagingError(f"The server gives the cursor {cursor!r} for the second time, {_ADVICE}")
        met = [self._models.setdefault(model_id, number) for model_id in ids]
        if met and max(met) < number:
            raise PagingError(f"The server repeats models that it has listed before {cursor!r}, {_ADVICE}")
