"""How tests ask: with a client of either kind in the same words, or from a server that answers by a script."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any, TypeVar

import httpx2

from callsheet import AsyncClient, Client, ModelInfo

T = TypeVar("T")


class Asker:
    """A client, sync or async, used in the same words by a test that is for both."""

    def __init__(self, **options: Any) -> None:
        self.options = options

    def models(self, **query: Any) -> list[ModelInfo]:
        """All models of all pages."""
        with Client(**self.options) as client:
            return list(client.models.list(**query))

    def pages(self, **query: Any) -> list[Any]:
        """All pages."""
        with Client(**self.options) as client:
            return list(client.models.list(**query).iter_pages())

    def retrieve(self, *arguments: Any, **options: Any) -> ModelInfo:
        """One model."""
        with Client(**self.options) as client:
            return client.models.retrieve(*arguments, **options)

    def resolve(self, alias: str) -> str:
        """The id an alias means."""
        with Client(**self.options) as client:
            return client.models.resolve(alias)

    def watch(self, count: int, then: Callable[[], object], **options: Any) -> list[list[ModelInfo]]:
        """So many catalogues of a watch; `then` is done after each."""
        with Client(**self.options) as client:
            return [(catalogue, then())[0] for catalogue in islice(client.models.watch(**options), count)]


class AsyncAsker(Asker):
    """The same by an event loop."""

    def models(self, **query: Any) -> list[ModelInfo]:
        async def ask(client: AsyncClient) -> list[ModelInfo]:
            return [model async for model in client.models.list(**query)]

        return self._run(ask)

    def pages(self, **query: Any) -> list[Any]:
        async def ask(client: AsyncClient) -> list[Any]:
            return [page async for page in (await client.models.list(**query)).iter_pages()]

        return self._run(ask)

    def retrieve(self, *arguments: Any, **options: Any) -> ModelInfo:
        return self._run(lambda client: client.models.retrieve(*arguments, **options))

    def resolve(self, alias: str) -> str:
        return self._run(lambda client: client.models.resolve(alias))

    def watch(self, count: int, then: Callable[[], object], **options: Any) -> list[list[ModelInfo]]:
        async def ask(client: AsyncClient) -> list[list[ModelInfo]]:
            watched = client.models.watch(**options)
            return [((await anext(watched)), then())[0] for _ in range(count)]

        return self._run(ask)

    def _run(self, ask: Callable[[AsyncClient], Awaitable[T]]) -> T:
        async def whole() -> T:
            async with AsyncClient(**self.options) as client:
                return await ask(client)

        return asyncio.run(whole())


MakeAsker = Callable[..., Asker]


class Script:
    """A server that answers from a list, over httpx2's own transport for such; it notes what it was asked.

    An answer is a status and headers, a body, or an exception.
    """

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx2.Response):
            return answer
        return (
            httpx2.Response(200, json=answer) if isinstance(answer, dict) else httpx2.Response(200, content=answer)
        )

    def client(self, **options: Any) -> Client:
        """A client that asks it."""
        own = httpx2.Client(transport=httpx2.MockTransport(self))
        return Client(**{"api_key": "sk-secret", "base_url": "http://scripted", "http_client": own, **options})


def page(*ids: str, **fields: Any) -> dict[str, Any]:
    """A page as the wire has it."""
    ends = {"first_id": ids[0], "last_id": ids[-1]} if ids else {"first_id": None, "last_id": None}
    return {"data": [{"type": "model", "id": each} for each in ids], "has_more": False, **ends, **fields}


def ids_of(models: list[ModelInfo]) -> list[str]:
    """The ids of models."""
    return [model.id for model in models]
