"""Watch: the catalogue, and every change of it, by asking again (contract, section 6: entity tags)."""

import logging
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final, TypeAlias

from callsheet.client.flow import Flow, Wait, chance
from callsheet.client.options import LONGEST
from callsheet.client.request import PageQuery, Scope, make_query
from callsheet.client.session import Fetched, Session
from callsheet.domain.errors import (
    APIConnectionError,
    APIError,
    APIResponseError,
    CallsheetError,
    InvalidError,
)
from callsheet.domain.query import MAX_LIMIT
from callsheet.wire.reading import ModelInfo
from callsheet.wire.rows import parse
from callsheet.wire.status import should_not_retry

#: All models of a list, in the server's order.
Catalogue: TypeAlias = list[ModelInfo]

_JITTER: Final = 0.1  # the part by which a wait is longer or shorter, so that clients do not ask all at once

_log = logging.getLogger("callsheet.client")


def watch_query(session: Session, lifecycle: str | Iterable[str] | None, scope: Scope) -> PageQuery:
    """Return the query of a watch: as few pages as there can be."""
    return make_query(None, None, MAX_LIMIT if session.options.dialect == "anthropic" else None, lifecycle, scope)


class Watch:
    """One caller's watch on a list.

    Parameters
    ----------
    interval
        Seconds from one look to the next.

    Raises
    ------
    InvalidError
        ``interval`` is not more than 0, or more than a day.
    """

    def __init__(self, session: Session, query: PageQuery, interval: float) -> None:
        if not 0 < interval <= LONGEST:
            raise InvalidError(f"interval must be more than 0 seconds and at most a day, not {interval!r}.")
        self._session = session
        self._query = query
        self._interval = interval
        self._wait = 0.0
        self._pages: list[Fetched] | None = None

    def next_catalogue(self) -> Flow[Catalogue]:
        """Wait until there is a catalogue to tell of: at first as it is, then as soon as it has changed.

        Raises
        ------
        APIError, ClientError
            The first look failed, or a later one in a way that will not pass by itself.
        """
        while True:
            if self._wait:
                yield Wait(self._wait * chance.uniform(1 - _JITTER, 1 + _JITTER))
            self._wait = self._interval
            try:
                pages = yield from self._look()
            except (APIError, APIConnectionError, APIResponseError) as error:
                if self._pages is None or not _passes(error):
                    raise
                _log.warning("The watched list is not to be had, and is looked for again: %s", error)
                self._wait = min(max(self._interval, getattr(error, "retry_after", None) or 0), LONGEST)
                continue
            if self._takes(pages):
                return [model for page in pages for model in page.content.models()]

    def _look(self) -> Flow[list[Fetched]]:
        """Walk all pages; those that the server says are unchanged are not sent again."""
        known = {page.query: page for page in self._pages or ()}
        pages = [(yield from self._session.page(self._query, known=known.get(self._query)))]
        while pages[-1].leads_on:
            query = self._session.query_after(pages[-1])
            pages.append((yield from self._session.page(query, pages[-1].trail, known.get(query))))
        return pages

    def _takes(self, pages: list[Fetched]) -> bool:
        """Take note of pages; return whether they tell of a change."""
        before = self._pages
        if before is not None and any(page.received.age is not None for page in pages):
            return False  # from the cache: nothing is known to have changed
        self._pages = pages  # even if they say the same: their entity tags are the newest
        return before is None or any(one != other for one, other in zip_longest(_sent(pages), _sent(before)))


def _sent(pages: list[Fetched]) -> Iterator[object]:
    for page in pages:
        yield from map(parse, page.content.rows)


def _passes(error: CallsheetError) -> bool:
    """Whether an outage: what the caller must mend, such as a wrong key, does not mend itself."""
    return not (isinstance(error, APIError) and error.status is not None and should_not_retry(error.status))
