"""Client: asks a Models API, and waits for the answer."""

import os
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

import httpx2

from callsheet.client.cache import Cache
from callsheet.client.connection import Connection
from callsheet.client.flow import Flow
from callsheet.client.options import DEFAULT_RETRIES, DEFAULT_TIMEOUT_SECONDS, Dialect, read_options
from callsheet.client.page import Page
from callsheet.client.request import make_query, make_scope
from callsheet.client.session import Fetched, Session
from callsheet.client.watch import Catalogue, Watch, watch_query
from callsheet.wire.reading import ModelInfo


class Client:
    """A client of any Models API: Anthropic's, Callsheet's, a gateway's, or one of OpenAI's shape.

    It may be used by several threads at once. Close it, or use it in a ``with``, to close its connections.

    Parameters
    ----------
    api_key
        Sent as ``x-api-key``. If neither it nor ``auth_token`` is given, that of ``ANTHROPIC_API_KEY`` is. With an
        empty one, no credential is sent.
    auth_token
        Sent as ``Authorization: Bearer``, if there is no API key; else that of ``ANTHROPIC_AUTH_TOKEN``.
    base_url
        The URL before ``/v1/models``, with or without ``/v1``; by default that of ``ANTHROPIC_BASE_URL``, else
        Anthropic's.
    dialect
        ``anthropic``, or ``openai`` for servers of OpenAI's shape: the key is sent as Bearer, there are no pages
        and no filters, and the variables are ``OPENAI_API_KEY`` and ``OPENAI_BASE_URL`` (contract, section 7).
    timeout
        Seconds from connecting to the last byte of an answer, at each attempt of each request; at most a day. None
        leaves that to ``http_client``.
    max_retries
        How often a request is repeated if there is no answer, or one with status 408, 409, 429 or 500 and above.
        The server's ``x-should-retry``, ``retry-after-ms`` and ``retry-after`` are heeded; asked to wait for more
        than a minute, the client raises at once (contract, section 8).
    cache
        A folder that keeps the last good answers; they are taken, and marked ``stale``, while the server cannot be
        reached or answers with 500 and above. None keeps nothing. Answers are not distinguished by what an
        ``http_client`` adds to requests: give each identity that it adds another folder.
    headers
        Sent with every request, such as those that a gateway asks for; they win over the client's own. They are
        shown by no error and no ``repr``. With ``authorization`` or ``x-api-key`` among them, no key is taken from
        the environment; with ``api-key`` or ``ocp-apim-subscription-key``, there need be none.
    http_client
        Your own `httpx2.Client`, with its proxies, certificates and limits; it stays yours to close.

    Raises
    ------
    SettingsError
        There is no key, a value is not valid, or the environment names certificates or a proxy that cannot be used.
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
        http_client: httpx2.Client | None = None,
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
        self._connection = Connection(options, http_client)
        self.models = Models(Session(options, None if cache is None else Cache(cache)), self._connection)

    def close(self) -> None:
        """Close the connections; those of your own ``http_client`` stay open."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Models:
    """The models that a server lists; `Client.models`."""

    def __init__(self, session: Session, connection: Connection) -> None:
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
    ) -> Page[ModelInfo]:
        """List models, newest first (contract, section 3).

        Parameters
        ----------
        after_id, before_id
            An id or alias that the page is next to: models older than the one, newer than the other. With both,
            those between them.
        limit
            Models on a page, 1 to 1000; the server's default, usually 20, if not given.
        lifecycle
            Only these lifecycles: ``active``, ``deprecated``, ``retired``; the first two if not given.
        workspace_id
            Selects a workspace, for a key that may choose.
        betas
            Values of ``anthropic-beta``.

        Returns
        -------
        Page
            The page asked for. Iterate over it for all models of all pages from there on.

        Raises
        ------
        APIError
            The server refused the request; the class of the error says why.
        APIConnectionError, APITimeoutError
            It did not answer.
        APIResponseError
            What it answered is not a list of models.
        PagingError
            The page holds its own cursor.
        InvalidError
            An argument cannot be sent in a request.
        """
        query = make_query(after_id, before_id, limit, lifecycle, make_scope(workspace_id, betas))
        return self._page(self._session.page(query))

    def retrieve(
        self, model_id: str, *, workspace_id: str | None = None, betas: str | Iterable[str] | None = None
    ) -> ModelInfo:
        """Return one model.

        Parameters
        ----------
        model_id
            Its id, or an alias of it.
        workspace_id, betas
            As those of `list`.

        Raises
        ------
        ModelNotFoundError
            There is no such model, or the key may not see it.
        APIError, ClientError, InvalidError
            As those of `list`.
        """
        return self._connection.run(self._session.model(model_id, make_scope(workspace_id, betas)))

    def resolve(self, alias: str, *, workspace_id: str | None = None) -> str:
        """Return the id of the model that an alias means now; an id means itself. Raises what `retrieve` does."""
        return self.retrieve(alias, workspace_id=workspace_id).id

    def watch(
        self,
        *,
        interval: float = 60.0,
        lifecycle: str | Iterable[str] | None = None,
        workspace_id: str | None = None,
        betas: str | Iterable[str] | None = None,
    ) -> Iterator[Catalogue]:
        """Yield all models at once, and again each time that the list has changed.

        Pages that have not changed are not sent again, thanks to their entity tags (contract, section 6). During an
        outage, it goes on polling.

        Parameters
        ----------
        interval
            Seconds between two polls, at most a day; each wait varies by a tenth, so that clients spread.
        lifecycle, workspace_id, betas
            As those of `list`.

        Raises
        ------
        APIError, ClientError
            As those of `list`: if the first poll fails, or a later one with an error that does not pass by itself.
        """
        query = watch_query(self._session, lifecycle, make_scope(workspace_id, betas))
        return self._follow(Watch(self._session, query, interval))

    def _follow(self, watch: Watch) -> Iterator[Catalogue]:
        while True:
            yield self._connection.run(watch.next_catalogue())

    def _page(self, flow: Flow[Fetched]) -> Page[ModelInfo]:
        fetched = self._connection.run(flow)
        return Page(fetched, fetched.content.models, lambda: self._page(self._session.page_after(fetched)))
