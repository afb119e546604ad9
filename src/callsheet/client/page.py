"""Pages of a list, each with the way to those that follow."""

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from datetime import timedelta
from functools import cached_property
from typing import Any, Generic, TypeVar

from callsheet.client.session import Fetched
from callsheet.wire.pages import UnreadableModel

T = TypeVar("T")


class PageFields(Generic[T]):
    """The attributes of a page, the same for both kinds of client.

    Attributes
    ----------
    data
        The models of this page, in the server's order; made on first access. See `iter_data` for long lists.
    count
        The number of those models.
    unreadable
        Entries of the list that cannot be read, and are left out of ``data``.
    has_more
        Whether more follow, as the server says; None if it does not say.
    first_id, last_id
        The server's cursors; None if it gives none.
    request_id
        The id that the server gave the request; None if it gave none.
    stale
        Whether the page comes from the cache, because the server was away.
    age
        How long ago the server sent it, if it is stale; else None.
    """

    def __init__(self, fetched: Fetched, models: Callable[[], Iterator[T]]) -> None:
        self._leads_on = fetched.leads_on
        self._content = fetched.content
        self._models = models
        self.has_more: bool | None = fetched.content.has_more
        self.first_id: str | None = fetched.content.first_id
        self.last_id: str | None = fetched.content.last_id
        self.request_id: str | None = fetched.received.reply.request_id
        self.stale: bool = fetched.received.age is not None
        self.age: timedelta | None = fetched.received.age

    @cached_property
    def data(self) -> list[T]:
        """The models of this page."""
        return list(self._models())

    @property
    def count(self) -> int:
        """The number of models on this page, without making them."""
        return len(self._content.rows)

    @cached_property
    def unreadable(self) -> list[UnreadableModel]:
        """The entries that are left out of this page."""
        return list(self._content.unreadable())

    def iter_data(self) -> Iterator[T]:
        """Iterate over the models of this page only; each is made when it is reached, and not kept."""
        return iter(self.data) if "data" in vars(self) else self._models()

    def has_next_page(self) -> bool:
        """Return whether more models follow in the direction of the walk (contract, section 8)."""
        return self._leads_on

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.count}, first_id={self.first_id!r}, has_more={self.has_more!r}>"


class Page(PageFields[T]):
    """A page of a list; iterating over it goes on to the pages that follow, and asks for each when it is needed.

    Parameters
    ----------
    follow
        Fetches the page that follows.
    """

    def __init__(
        self, fetched: Fetched, models: Callable[[], Iterator[T]], follow: "Callable[[], Page[T]]"
    ) -> None:
        super().__init__(fetched, models)
        self._follow = follow

    def get_next_page(self) -> "Page[T]":
        """Fetch the page that follows.

        Raises
        ------
        PagingError
            None follows, or the server ignores the cursor, repeats itself, or promises what it does not give.
        APIError, ClientError
            As those of `Models.list`.
        """
        return self._follow()

    def iter_pages(self) -> "Iterator[Page[T]]":
        """Iterate over this page and all that follow; raises what `get_next_page` does."""
        page = self
        while True:
            yield page
            if not page.has_next_page():
                return
            page = page.get_next_page()

    def __iter__(self) -> Iterator[T]:
        for page in self.iter_pages():
            yield from page.iter_data()


class AsyncPage(PageFields[T]):
    """A page of a list; ``async for`` goes on to the pages that follow, and asks for each when it is needed.

    Parameters
    ----------
    follow
        Fetches the page that follows.
    """

    def __init__(
        self,
        fetched: Fetched,
        models: Callable[[], Iterator[T]],
        follow: "Callable[[], Awaitable[AsyncPage[T]]]",
    ) -> None:
        super().__init__(fetched, models)
        self._follow = follow

    async def get_next_page(self) -> "AsyncPage[T]":
        """Fetch the page that follows; see `Page.get_next_page`."""
        return await self._follow()

    async def iter_pages(self) -> "AsyncIterator[AsyncPage[T]]":
        """Iterate over this page and all that follow; raises what `get_next_page` does."""
        page = self
        while True:
            yield page
            if not page.has_next_page():
                return
            page = await page.get_next_page()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.iter_pages():
            for each in page.iter_data():
                yield each


class AsyncListing(Generic[T]):
    """A list that has not been asked for yet: ``await`` it for its first page, ``async for`` all its models.

    Parameters
    ----------
    begin
        Fetches the first page.
    """

    def __init__(self, begin: Callable[[], Awaitable[AsyncPage[T]]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, Any, AsyncPage[T]]:
        return self._begin().__await__()

    async def __aiter__(self) -> AsyncIterator[T]:
        async for each in await self._begin():
            yield each
