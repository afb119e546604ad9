"""Watch: the catalogue, and every change of it, by polling with entity tags (contract, section 6)."""

import logging
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final, TypeAlias

from callsheet.client.flow import Flow, chance, wait
from callsheet.client.options import MAX_WAIT_SECONDS
from callsheet.client.request import PageQuery, RequestScope, make_query
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

_JITTER: Final = 0.1  # the share by which a wait is longer or shorter, so that clients do not all ask at once

_log = logging.getLogger("callsheet.client")


def watch_query(session: Session, lifecycle: str | Iterable[str] | None, scope: RequestScope) -> PageQuery:
    """Return the query of a watch: with the largest pages, so that there are few."""
    return make_query(None, None, MAX_LIMIT if session.options.dialect == "anthropic" else None, lifecycle, scope)


class Watch:
    """One watch on a list.

    Parameters
    ----------
    interval
        Seconds between two polls.

    Raises
    ------
    InvalidError
        ``interval`` is not more than 0, or more than a day.
    """

    def __init__(self, session: Session, query: PageQuery, interval: float) -> None:
        if not 0 < interval <= MAX_WAIT_SECONDS:
            raise InvalidError(f"interval must be more than 0 seconds and at most a day, not {interval!r}.")
        self._session = session
        self._query = query
        self._interval = interval
        self._wait = 0.0
        self._pages: list[Fetched] | None = None

    def next_catalogue(self) -> Flow[Catalogue]:
        """Return the catalogue: the first time as it is, then each time that it has changed.

        Raises
        ------
        APIError, ClientError
            The first poll failed, or a later one with an error that does not pass by itself.
        """
        while True:
            if self._wait:
                yield from wait(self._wait * chance.uniform(1 - _JITTER, 1 + _JITTER))
            self._wait = self._interval
            try:
                pages = yield from self._poll()
            except (APIError, APIConnectionError, APIResponseError) as error:
                if self._pages is None or not _passes(error):
                    raise
                _log.warning("The watched list cannot be fetched; it is asked for again: %s", error)
                self._wait = min(max(self._interval, getattr(error, "retry_after", None) or 0), MAX_WAIT_SECONDS)
                continue
            if self._has_changed(pages):
                return [model for page in pages for model in page.content.models()]

    def _poll(self) -> Flow[list[Fetched]]:
        """Fetch all pages; those that have not changed are not sent again."""
        known = {page.query: page for page in self._pages or ()}
        pages = [(yield from self._session.page(self._query, known=known.get(self._query)))]
        while pages[-1].leads_on:
            query = self._session.query_after(pages[-1])
            pages.append((yield from self._session.page(query, pages[-1].trail, known.get(query))))
        return pages

    def _has_changed(self, pages: list[Fetched]) -> bool:
        """Keep ``pages`` as the latest; return whether the list has changed."""
        before = self._pages
        if before is not None and any(page.received.age is not None for page in pages):
            return False  # from the cache: no change is known
        self._pages = pages  # even if nothing has changed: their entity tags are newer
        return before is None or any(one != other for one, other in zip_longest(_sent(pages), _sent(before)))


def _sent(pages: list[Fetched]) -> Iterator[object]:
    for page in pages:
        yield from map(parse, page.content.rows)


def _passes(error: CallsheetError) -> bool:
    """Whether the error may pass by itself, unlike one that the caller must correct, such as a wrong key."""
    return not (isinstance(error, APIError) and error.status is not None and should_not_retry(error.status))
