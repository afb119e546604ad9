"""Paging: which page follows, and whether the walk makes progress (contract, sections 3 and 8). Pure.

Two bugs of other servers must not become the caller's: if a server ignores the cursor, a walk would never end; if
its cursors are null, a walk would silently end after the first page.
"""

from dataclasses import dataclass, replace
from typing import Final

from callsheet.client.request import PageQuery
from callsheet.domain.errors import PagingError
from callsheet.wire.pages import PageContent

_ADVICE = "so the list cannot be walked to its end; limit=1000 may give it at once."


def promises_more(query: PageQuery, content: PageContent) -> bool:
    """Return whether more models follow a page; if the server does not say, whether it gives a cursor."""
    if content.has_more is None:
        return not content.is_empty and _cursor_sent(query, content) is not None
    return content.has_more


def next_query(query: PageQuery, content: PageContent) -> PageQuery:
    """Return the query for the page after one that promises more.

    Raises
    ------
    PagingError
        It gives no cursor, and has no model to use as one.
    """
    cursor = _cursor_sent(query, content)
    if cursor is None:  # the server gives no cursors; ids of models are cursors
        cursor = content.id_at(0 if query.is_backward else -1)
    if cursor is None:
        after = "an empty page" if query.cursor is None else f"an empty page at {query.cursor!r}"
        raise PagingError(f"The server says that more models follow {after}, {_ADVICE}")
    return replace(query, before_id=cursor) if query.is_backward else replace(query, after_id=cursor)


def _cursor_sent(query: PageQuery, content: PageContent) -> str | None:
    return content.first_id if query.is_backward else content.last_id


@dataclass(frozen=True, slots=True)
class Seen:
    """An immutable set that grows cheaply: a few sets, each larger than the next, so that little is copied."""

    sets: tuple[frozenset[str | None], ...] = ()

    def __contains__(self, text: str | None) -> bool:
        return any(text in each for each in self.sets)

    def plus(self, more: frozenset[str | None]) -> "Seen":
        """Return this with ``more``."""
        sets = self.sets
        while sets and len(sets[-1]) <= len(more):
            more, sets = more | sets[-1], sets[:-1]
        return Seen((*sets, more))


@dataclass(frozen=True, slots=True)
class Trail:
    """The pages of a walk so far. Immutable: two walks may go on from the same page.

    Parameters
    ----------
    cursors
        With which the pages were asked for.
    ids
        Of their models.
    is_empty
        Whether the last page is empty.
    """

    cursors: Seen = Seen()
    ids: Seen = Seen()
    is_empty: bool = False


#: The trail of a walk without a page.
START: Final = Trail()


def extend(trail: Trail, query: PageQuery, content: PageContent) -> Trail:
    """Return ``trail`` extended by a page.

    Raises
    ------
    PagingError
        The page holds its own cursor, or nothing but models of earlier pages; its cursor has been used before; or
        it is empty, like the one before, and promises more.
    """
    cursor = query.cursor
    if cursor is None and not promises_more(query, content):
        return Trail(is_empty=content.is_empty)  # the whole list, and it may be a long one
    ids = frozenset(content.ids())
    if cursor in ids:
        raise PagingError(f"The server ignores the cursor {cursor!r}: it lists it again, {_ADVICE}")
    if cursor in trail.cursors:
        raise PagingError(f"The server gives the cursor {cursor!r} for the second time, {_ADVICE}")
    if ids and all(each in trail.ids for each in ids):
        raise PagingError(f"The server repeats models that it has listed before {cursor!r}, {_ADVICE}")
    if (
        content.is_empty and trail.is_empty and promises_more(query, content)
    ):  # one alone may be what a filter leaves of a page
        raise PagingError(f"The server gives one empty page after the other, {_ADVICE}")
    return Trail(trail.cursors.plus(frozenset([cursor])), trail.ids.plus(ids), is_empty=content.is_empty)
