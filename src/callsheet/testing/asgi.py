"""The double as an ASGI application, for clients that ask it without a network."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import quote

import anyio

from callsheet.testing.handler import Handler

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


async def answer_asgi(handler: Handler, scope: Message, _receive: Receive, send: Send) -> None:
    """Answer a request; a connection to be cut ends in ConnectionResetError after half of the body.

    Raises
    ------
    ConnectionResetError
        A fault said so.
    NotImplementedError
        The scope is not that of an HTTP request; the double does not need a lifespan.
    """
    if scope["type"] != "http":
        raise NotImplementedError(f"The double answers requests, not {scope['type']}.")
    path = (scope.get("raw_path") or quote(scope["path"]).encode("ascii")).partition(b"?")[0]  # old httpx adds it
    response, delay, cut = handler.handle(scope["method"], path, scope["query_string"], list(scope["headers"]), b"")
    if delay:
        await anyio.sleep(delay)  # the client may run on trio
    await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
    if cut:
        half = response.body[: len(response.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        raise ConnectionResetError("The connection was cut, as a test asked.")
    await send({"type": "http.response.body", "body": response.body})
