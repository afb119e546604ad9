"""Watch: the catalogue, and every change of it, by asking again (contract, section 6: entity tags)."""

import logging
import random
from collections.abc import Iterable
from typing import Final

from callsheet.client.flow import Flow, Wait
from callsheet.client.paging import Trail
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
from callsheet.wire.anthropic import should_not_retry
from callsheet.wire.reading import ModelInfo

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
        ``interval`` is not more than 0.
    """

    def __init__(self, session: Session, query: PageQuery, interval: float) -> None:
        if not interval > 0:
            raise InvalidError(f"interval must be more than 0 seconds, not {interval!r}.")
        self._session = session
        self._query = query
        self._interval = interval
        self._wait = 0.0
        self._pages: list[Fetched] | None = None

    def next_catalogue(self) -> Flow[list[ModelInfo]]:
        """Wait until there is a catalogue to tell of: at first as it is, then as soon as it has changed.

        Raises
        ------
        APIError, ClientError
            The first look failed, or a later one in a way that will not pass by itself.
        """
        while True:
            if self._wait:
                yield Wait(self._wait * random.uniform(1 - _JITTER, 1 + _JITTER))  # noqa: S311
            self._wait = self._interval
            try:
                pages = yield from self._look()
            except (APIError, APIConnectionError, APIResponseError) as error:
                if self._pages is None or not _passes(error):
                    raise
                _log.warning("The watched list is not to be had, and is looked for again: %s", error)
                self._wait = max(self._interval, getattr(error, "retry_after", None) or 0)
                continue
            if self._is_news(pages):
                self._pages = pages
                return [model for page in pages for model in page.content.data]

    def _look(self) -> Flow[list[Fetched]]:
        """Walk all pages; those that the server says are unchanged are not sent again."""
        known = {page.query: page for page in self._pages or ()}
        trail = Trail()
        pages = [(yield from self._session.page(self._query, 1, trail, known.get(self._query)))]
        while pages[-1].leads_on:
            query = self._session.query_after(pages[-1])
            pages.append((yield from self._session.page(query, len(pages) + 1, trail, known.get(query))))
        return pages

    def _is_news(self, pages: list[Fetched]) -> bool:
        if self._pages is None:
            return True
        if any(page.received.age is not None for page in pages):  # from the cache: nothing is known to have changed
            return False
        return _sent(pages) != _sent(self._pages)


def _sent(pages: list[Fetched]) -> list[dict[str, object]]:
    return [model.to_dict() for page in pages for model in page.content.data]


def _passes(error: CallsheetError) -> bool:
    """Whether an outage: what the caller must mend, such as a wrong key, does not mend itself."""
    return not (isinstance(error, APIError) and error.status is not None and should_not_retry(error.status))
