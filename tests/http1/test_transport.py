"""HTTP1Transport beside httpx2's own: the same answers and errors, whatever arrives and in which pieces."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from typing import NamedTuple

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.http1.transport import HTTP1Transport
from tests.tiers import examples

KEEP_SECONDS = 60.0
LIST = b'{"data": []}'


class Server(NamedTuple):
    """A server that sends the same bytes to every request."""

    url: str
    requests: list[bytes]
    connections: list[int]


@asynccontextmanager
async def serving(pieces: Sequence[bytes], *, closes: bool = False) -> AsyncIterator[Server]:
    requests: list[bytes] = []
    connections: list[int] = []
    under_way: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(len(connections))
        if (task := asyncio.current_task()) is not None:
            under_way.add(task)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                requests.append(head)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if closes:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        try:
            yield Server(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", requests, connections)
        finally:
            await asyncio.gather(*under_way)


def ours() -> HTTP1Transport:
    return HTTP1Transport(httpx2.create_ssl_context(), 5, KEEP_SECONDS)


def theirs() -> httpx2.AsyncHTTPTransport:
    return httpx2.AsyncHTTPTransport(trust_env=False)


async def ask(
    transport: httpx2.AsyncBaseTransport, url: str, times: int = 1, **more: str
) -> list[tuple[int, object, bytes]]:
    """Status, headers and body of each answer."""
    found: list[tuple[int, object, bytes]] = []
    async with httpx2.AsyncClient(transport=transport) as client:
        for _ in range(times):
            answer = await client.get(f"{url}/v1/models?a=b%2Fc", headers=more)
            found.append((answer.status_code, answer.headers.multi_items(), answer.content))
    return found


async def outcome(
    make: Callable[[], httpx2.AsyncBaseTransport], pieces: Sequence[bytes], *, closes: bool
) -> object:
    """What a client gets: the answer, or which error."""
    async with serving(pieces, closes=closes) as server:
        try:
            async with asyncio.timeout(10):
                return await ask(make(), server.url)
        except httpx2.HTTPError as error:
            return type(error).__name__


def head(*lines: bytes, status: bytes = b"200 OK") -> bytes:
    return b"".join([b"HTTP/1.1 ", status, b"\r\n", *(line + b"\r\n" for line in lines), b"\r\n"])


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


answers = st.sampled_from(
    [
        head(b"content-length: 12") + LIST,
        head(b"content-length: 0"),
        head(b"content-length: 12", b"x-a: 1", b"X-A: 2", status=b"401 No") + LIST,
        head(b"transfer-encoding: chunked") + chunked(LIST[:5], LIST[5:]),
        head(status=b"103 Early") + head(b"content-length: 12") + LIST,
        head(b"connection: close", b"content-length: 12") + LIST,
        head(status=b"204 No"),
    ]
)
by_close = st.sampled_from(
    [
        head() + LIST,
        head(b"content-length: 99") + LIST,
        head(b"transfer-encoding: chunked") + b"5\r\nab",
        b"",
        b"HTT",
    ]
)


def cut(data: bytes, places: Sequence[float]) -> list[bytes]:
    ends = sorted({round(place * len(data)) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


@examples(0.6)
@given(answers, st.lists(st.floats(0, 1), max_size=4))
def test_a_complete_answer_is_the_same(answer: bytes, places: list[float]) -> None:
    pieces = cut(answer, places)
    mine, other = (asyncio.run(outcome(make, pieces, closes=False)) for make in (ours, theirs))
    assert mine == other


@examples(0.4)
@given(by_close, st.lists(st.floats(0, 1), max_size=4))
def test_an_answer_that_the_end_of_the_connection_ends_is_the_same_or_fails_alike(
    answer: bytes, places: list[float]
) -> None:
    pieces = cut(answer, places)
    mine, other = (asyncio.run(outcome(make, pieces, closes=True)) for make in (ours, theirs))
    assert mine == other


def test_what_is_not_http_is_refused_as_such() -> None:
    for make in (ours, theirs):
        assert asyncio.run(outcome(make, [b"SSH-2.0-OpenSSH\r\n\r\n"], closes=False)) == "RemoteProtocolError"


def test_the_request_is_what_the_client_wrote() -> None:
    async def asked(transport: httpx2.AsyncBaseTransport) -> list[bytes]:
        async with serving([head(b"content-length: 12"), LIST]) as server:
            await ask(transport, server.url, authorization="Bearer sk-1")
            return [line for line in server.requests[0].split(b"\r\n") if not line.lower().startswith(b"host")]

    assert asyncio.run(asked(ours())) == asyncio.run(asked(theirs()))


def test_a_connection_is_kept_for_the_next_request_unless_the_server_ends_it() -> None:
    async def connections(pieces: Sequence[bytes], *, closes: bool = False) -> int:
        async with serving(pieces, closes=closes) as server:
            await ask(ours(), server.url, times=3)
            return len(server.connections)

    assert asyncio.run(connections([head(b"content-length: 12"), LIST])) == 1
    assert asyncio.run(connections([head(b"transfer-encoding: chunked"), chunked(LIST)])) == 1
    assert asyncio.run(connections([head(b"connection: close", b"content-length: 12"), LIST], closes=True)) == 3


def test_a_connection_over_which_more_came_than_was_asked_for_is_not_used_again() -> None:
    async def both() -> list[tuple[int, object, bytes]]:
        more = head(b"content-length: 12") + LIST + head(b"content-length: 5") + b"other"
        async with serving([more]) as server:
            answers = await ask(ours(), server.url, times=2)
            assert len(server.connections) == 2
            return answers

    assert [body for _, _, body in asyncio.run(both())] == [LIST, LIST]


def test_a_body_that_nobody_reads_is_held_back() -> None:
    async def unread() -> bool:
        size = 64 << 20
        sent = 0
        async with asyncio.timeout(20):
            is_full, has_ended = asyncio.Event(), asyncio.Event()

            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                nonlocal sent
                await reader.readuntil(b"\r\n\r\n")
                writer.write(head(b"content-length: %d" % size))
                writer.transport.set_write_buffer_limits(0)
                while sent < size:
                    writer.write(b"x" * 65_536)
                    sent += 65_536
                    if writer.transport.get_write_buffer_size():
                        is_full.set()
                    await writer.drain()
                writer.close()
                await writer.wait_closed()
                has_ended.set()

            async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
                url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
                async with (
                    httpx2.AsyncClient(transport=ours()) as client,
                    client.stream("GET", url) as answer,
                ):
                    await is_full.wait()
                    for _ in range(50):
                        await asyncio.sleep(0)
                    held_back = sent < size
                    assert len(await answer.aread()) == size
                await has_ended.wait()
                return held_back

    assert asyncio.run(unread())


@pytest.mark.parametrize("value", ["a\r\nx-b: c", "a\nb", "a\x00b"])
def test_a_header_that_would_end_its_line_is_not_sent(value: str) -> None:
    with pytest.raises(httpx2.LocalProtocolError):
        asyncio.run(ask(ours(), "http://127.0.0.1:9", authorization=value))


def test_a_port_where_nothing_listens_is_a_connect_error() -> None:
    with pytest.raises(httpx2.ConnectError) as error:
        asyncio.run(ask(ours(), "http://127.0.0.1:9"))
    assert isinstance(error.value.__cause__, OSError)
