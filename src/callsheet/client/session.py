"""Session: the calls of a client as flows, shared by `Client` and `AsyncClient`."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NamedTuple

from callsheet.client.cache import Cache
from callsheet.client.flow import Flow, exchange, run_blocking
from callsheet.client.options import ClientOptions
from callsheet.client.paging import START, Trail, extend, next_query, promises_more
from callsheet.client.reply import NOT_MODIFIED, Failure, Reply, read_reply
from callsheet.client.request import ClientRequest, PageQuery, RequestScope, list_request, retrieve_request
from callsheet.client.retry import is_away
from callsheet.domain.errors import PagingError
from callsheet.wire.pages import PageContent, read_first_page, read_page
from callsheet.wire.reading import ModelInfo, read_model

_log = logging.getLogger("callsheet.client")


class Received(NamedTuple):
    """A reply, and how old it is if the cache gave it; else None."""

    reply: Reply
    age: timedelta | None = None


class Fetched(NamedTuple):
    """A page, and the trail that leads to it."""

    query: PageQuery
    content: PageContent
    received: Received
    trail: Trail

    @property
    def leads_on(self) -> bool:
        """Whether a page follows."""
        return promises_more(self.query, self.content)


@dataclass(frozen=True, slots=True)
class Session:
    """What a client asks with; ``cache`` answers in the server's place while it is away."""

    options: ClientOptions
    cache: Cache | None = None

    def page(self, query: PageQuery, trail: Trail = START, known: Fetched | None = None) -> Flow[Fetched]:
        """Fetch the page that ``trail`` leads to; ``known`` is what it was before, and comes back if it still is.

        Raises
        ------
        APIError, ClientError
            There is no such page, or no answer.
        """
        request = list_request(self.options, query)
        if known is not None:
            request = request._replace(etag=known.received.reply.headers.get("etag"))
        received = yield from self._ask(request)
        if known is not None and received.reply.status == NOT_MODIFIED:
            return known._replace(trail=extend(trail, query, known.content))
        content = read_reply(
            self.options, received.reply, read_page if query.cursor is not None else read_first_page
        )
        extended = extend(trail, query, content)  # before it is kept: it must lead somewhere
        yield from self._keep(request, received)
        if content.bad_rows and (known is None or len(known.content.bad_rows) != len(content.bad_rows)):
            _warn(request, content)
        if received.age is not None:
            content = content.aged(received.age)
        return Fetched(query, content, received, extended)

    def page_after(self, page: Fetched) -> Flow[Fetched]:
        """Fetch the page that follows one."""
        return self.page(self.query_after(page), page.trail)

    def query_after(self, page: Fetched) -> PageQuery:
        """Return the query for the page that follows one.

        Raises
        ------
        PagingError
            None follows, or the server does not say which.
        """
        if not page.leads_on:
            raise PagingError("No page follows; ask has_next_page() first.")
        if self.options.dialect == "openai":
            raise PagingError("The server says that more models follow, and OpenAI's dialect cannot ask for them.")
        return next_query(page.query, page.content)

    def model(self, model_id: str, scope: RequestScope) -> Flow[ModelInfo]:
        """Fetch one model by id or alias.

        Raises
        ------
        APIError, ClientError
            There is no such model, or no answer.
        """
        request = retrieve_request(self.options, model_id, scope)
        received = yield from self._ask(request)
        model = read_reply(self.options, received.reply, read_model)
        yield from self._keep(request, received)
        return model if received.age is None else model.aged(received.age)

    def _ask(self, request: ClientRequest) -> Flow[Received]:
        outcome = yield from exchange(request, self.options.max_retries)
        if self.cache is not None and is_away(outcome):
            kept = yield from run_blocking(partial(self.cache.load, request))
            if kept is not None:
                age = max(datetime.now(UTC) - kept.received_at, timedelta())
                _log.warning("%s is away; its answer of %s ago is taken.", request.url, age)
                return Received(kept, age)
        if isinstance(outcome, Failure):
            raise outcome.error
        return Received(outcome)

    def _keep(self, request: ClientRequest, received: Received) -> Flow[None]:
        if self.cache is not None and received.age is None:
            yield from run_blocking(partial(self.cache.save, request, received.reply))


def _warn(request: ClientRequest, content: PageContent) -> None:
    first, bad = next(content.unreadable()), len(content.bad_rows)
    _log.warning(
        "%d of %d entries that %s lists cannot be read and are left out; entry %d: %s.",
        bad, len(content.rows) + bad, request.url, first.position + 1, first.reason,
    )  # fmt: skip
