"""Connections: two drivers that perform the steps of flows; the only place that waits and speaks HTTP."""

import time
from typing import TypeVar

import anyio
import anyio.to_thread
import httpx2

from callsheet.client.deadline import Deadlines
from callsheet.client.flow import Flow, RunBlocking, Send, Step, Wait
from callsheet.client.http_client import open_client, validated_client
from callsheet.client.options import ClientOptions
from callsheet.client.reply import Outcome
from callsheet.client.request import ClientRequest
from callsheet.client.response_reader import UNANSWERED, ResponseReader

T = TypeVar("T")


class Connection:
    """Performs the steps of flows, and blocks meanwhile.

    Parameters
    ----------
    client
        A user's HTTP client, which the user closes; None makes one.

    Raises
    ------
    SettingsError
        No client can be made, or ``client`` is not one of httpx2.
    """

    def __init__(self, options: ClientOptions, client: httpx2.Client | None) -> None:
        self._options = options
        self._owned = client is None
        kind = httpx2.Client
        self._client = open_client(kind) if client is None else validated_client(kind, client)
        self._deadlines = Deadlines()

    def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end; return what it returns, or raise what it raises."""
        done: object = None
        try:
            while True:
                done = self._do(flow.send(done))
        except StopIteration as end:
            result: T = end.value
            return result

    def close(self) -> None:
        """Close the connections, if they are ours."""
        if self._owned:
            self._client.close()

    def _do(self, step: Step) -> object:
        match step:
            case Send(request):
                return self._send(request)
            case Wait(seconds):
                time.sleep(seconds)
                return None
            case RunBlocking(action):
                return action()

    def _send(self, request: ClientRequest) -> Outcome:
        timeout = self._options.timeout
        reader = ResponseReader(request, timeout)
        try:
            with (
                self._deadlines.within(timeout, reader.late) as extensions,
                self._client.stream("GET", request.url, extensions=extensions, **reader.arguments) as response,
            ):
                for chunk in response.iter_bytes():
                    reader.take(chunk)
                return reader.reply(response)
        except UNANSWERED as error:
            return reader.failure(error)


class AsyncConnection:
    """Performs the steps of flows in an event loop; see `Connection`."""

    def __init__(self, options: ClientOptions, client: httpx2.AsyncClient | None) -> None:
        self._options = options
        self._owned = client is None
        kind = httpx2.AsyncClient
        self._client = open_client(kind) if client is None else validated_client(kind, client)

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end; return what it returns, or raise what it raises."""
        done: object = None
        try:
            while True:
                done = await self._do(flow.send(done))
        except StopIteration as end:
            result: T = end.value
            return result

    async def close(self) -> None:
        """Close the connections, if they are ours."""
        if self._owned:
            await self._client.aclose()

    async def _do(self, step: Step) -> object:
        match step:
            case Send(request):
                return await self._send(request)
            case Wait(seconds):
                await anyio.sleep(seconds)
                return None
            case RunBlocking(action):
                return await anyio.to_thread.run_sync(action)

    async def _send(self, request: ClientRequest) -> Outcome:
        reader = ResponseReader(request, self._options.timeout)
        try:
            with anyio.move_on_after(self._options.timeout):
                async with self._client.stream("GET", request.url, **reader.arguments) as response:
                    async for chunk in response.aiter_bytes():
                        reader.take(chunk)
                    return reader.reply(response)
            return reader.failure(reader.late())
        except UNANSWERED as error:
            return reader.failure(error)
