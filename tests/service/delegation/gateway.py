"""A gateway on a free port that knows keys, and does to who asks whatever a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

_REASON: Final = "Whatever"


class Asked(NamedTuple):
    """A request as it arrived; names of headers in small letters."""

    target: str
    headers: Mapping[str, str]

    @property
    def key(self) -> str:
        """The credential, in whichever form it came."""
        return self.headers.get("x-api-key") or self.headers.get("authorization", "").removeprefix("Bearer ")


class Given(NamedTuple):
    """An answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


def page(ids: Sequence[str], **more: Any) -> Given:
    """A list in OpenAI's shape; ``more`` are members of each row."""
    rows = [{"id": model_id, "object": "model", "created": 1_700_000_000, **more} for model_id in ids]
    return Given(200, json.dumps({"object": "list", "data": rows}).encode())


REFUSED: Final = Given(401, b'{"error": {"message": "no such key"}}')


class Gateway:
    """Lists to each of `keys` its ids, and refuses all others, unless `answer` says otherwise."""

    def __init__(self) -> None:
        self.url = ""
        self.keys: dict[str, Sequence[str]] = {}
        self.more: dict[str, Any] = {}
        """Members of each row."""
        self.takes: Sequence[str] = ("x-api-key", "authorization")
        """The headers in which it takes keys."""
        self.answer: Callable[[Asked], Given | None] | None = None
        """What it says instead; None lets it hang up."""
        self.asked: list[Asked] = []
        self.opened = 0
        """Connections that were made."""
        self.under_way = 0
        self.most_under_way = 0
        self.slowness = 0
        """Rounds of the event loop that it takes to answer."""
        self.gate = asyncio.Event()
        """Nothing is answered as long as it is not set."""
        self.gate.set()

    @property
    def asked_keys(self) -> list[str]:
        """The credentials that it was asked with, in order."""
        return [each.key for each in self.asked]

    def says(self, asked: Asked) -> Given | None:
        """What it answers."""
        if self.answer is not None:
            return self.answer(asked)
        form = "x-api-key" if "x-api-key" in asked.headers else "authorization"
        if form not in self.takes or asked.key not in self.keys:
            return REFUSED
        return page(self.keys[asked.key], **self.more)


@asynccontextmanager
async def serve_gateway(port: int = 0) -> AsyncIterator[Gateway]:
    """A gateway without keys."""
    gateway = Gateway()
    talks: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(talk(reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gateway.opened += 1
        try:
            while (asked := await _read(reader)) is not None:
                await _reply(gateway, asked, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # who asked has left
        finally:
            writer.close()

    server = await asyncio.start_server(begin, "127.0.0.1", port, backlog=2048)
    gateway.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield gateway
    finally:
        server.close()
        for task in tuple(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await server.wait_closed()


async def _reply(gateway: Gateway, asked: Asked, writer: asyncio.StreamWriter) -> None:
    gateway.asked.append(asked)
    gateway.under_way += 1
    gateway.most_under_way = max(gateway.most_under_way, gateway.under_way)
    try:
        for _ in range(gateway.slowness):
            await asyncio.sleep(0)
        await gateway.gate.wait()
        given = gateway.says(asked)
    finally:
        gateway.under_way -= 1
    if given is None:
        raise ConnectionAbortedError
    headers = {"content-length": str(len(given.body)), "content-type": "application/json", **given.headers}
    lines = [f"HTTP/1.1 {given.status} {_REASON}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode() + given.body)
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return Asked(first.split(" ")[1], headers)
