"""AsyncClient: asks a Models API from an event loop."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Self

import httpx2

from callsheet.client.cache import Cache
from callsheet.client.connection import AsyncConnection
from callsheet.client.flow import Flow
from callsheet.client.options import DEFAULT_RETRIES, DEFAULT_TIMEOUT_SECONDS, Dialect, read_options
from callsheet.client.page import AsyncListing, AsyncPage
from callsheet.client.request import make_query, make_scope
from callsheet.client.session import Fetched, Session
from callsheet.client.watch import Catalogue, Watch, watch_query
from callsheet.wire.reading import ModelInfo


class AsyncClient:
    """A client of any Models API, for event loops of asyncio or Trio; parameters and errors are those of `Client`.

    Close it, or use it in an ``async with``, to close its connections.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        auth_token: str | None = None,
        base_url: str | None = None,
        dialect: Dialect = "anthropic",
        timeout: float | None = DEFAULT_TIMEOUT_SECONDS,
        max_retries: int = DEFAULT_RETRIES,
        cache: str | os.PathLike[str] | None = None,
        headers: Mapping[str, str] | None = None,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        options = read_options(
            os.environ,
            api_key=api_key,
            auth_token=auth_token,
            base_url=base_url,
            dialect=dialect,
            timeout=timeout,
            max_retries=max_retries,
            headers=headers,
        )
        self._connection = AsyncConnection(options, http_client)
        self.models = AsyncModels(Session(options, None if cache is None else Cache(cache)), self._connection)

    async def close(self) -> None:
        """Close the connections; those of your own ``http_client`` stay open."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class AsyncModels:
    """The models that a server lists; `AsyncClient.models`."""

    def __init__(self, session: Session, connection: AsyncConnection) -> None:
        self._session = session
        self._connection = connection

    def list(
        self,
        *,
        after_id: str | None = None,
        before_id: str | None = None,
        limit: int | None = None,
        lifecycle: str | Iterable[str] | None = None,
        workspace_id: str | None = None,
        betas: str | Iterable[str] | None = None,
    ) -> AsyncListing[ModelInfo]:
        """List models, newest first: ``await`` it for the page asked for, ``async for`` for all from there on.

        Parameters and errors are those of `Models.list`; nothing is sent before one of the two.
        """
        query = make_query(after_id, before_id, limit, lifecycle, make_scope(workspace_id, betas))
        return AsyncListing(lambda: self._page(self._session.page(query)))

    async def retrieve(
        self, model_id: str, *, workspace_id: str | None = None, betas: str | Iterable[str] | None = None
    ) -> ModelInfo:
        """Return one model, by id or alias; parameters and errors are those of `Models.retrieve`."""
        return await self._connection.run(self._session.model(model_id, make_scope(workspace_id, betas)))

    async def resolve(self, alias: str, *, workspace_id: str | None = None) -> str:
        """Return the id of the model that an alias means now; an id means itself. Raises what `retrieve` does."""
        return (await self.retrieve(alias, workspace_id=workspace_id)).id

    def watch(
        self,
        *,
        interval: float = 60.0,
        lifecycle: str | Iterable[str] | None = None,
        workspace_id: str | None = None,
        betas: str | Iterable[str] | None = None,
    ) -> AsyncIterator[Catalogue]:
        """Yield all models at once, and again each time that the list has changed.

        Parameters and errors are those of `Models.watch`.
        """
        query = watch_query(self._session, lifecycle, make_scope(workspace_id, betas))
        return self._follow(Watch(self._session, query, interval))

    async def _follow(self, watch: Watch) -> AsyncIterator[Catalogue]:
        while True:
            yield await self._connection.run(watch.next_catalogue())

    async def _page(self, flow: Flow[Fetched]) -> AsyncPage[ModelInfo]:
        fetched = await self._connection.run(flow)
        return AsyncPage(fetched, fetched.content.models, lambda: self._page(self._session.page_after(fetched)))
