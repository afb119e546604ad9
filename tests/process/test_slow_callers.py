"""Callers that are slow on purpose: they are cut off in time, and others are answered meanwhile."""

import asyncio
import os
import re
import resource
import socket
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from tests.http.plain import replies
from tests.installation import Installation
from tests.process.test_stop import add_many
from tests.program import COMMAND, DEADLINE, Server, credentials, wait_for
from tests.tiers import first

#: How many slow connections at a time; the long run has 10,000.
SLOW: Final = int(os.environ.get("CALLSHEET_TEST_SLOW", "300"))

#: Seconds allowed for a head; taking many connections takes a while, too.
HEAD_SECONDS: Final = max(2, SLOW // 500)

KEY: Final = "sk-test-0123456789abcdef"
HEAD: Final = (
    f"GET /v1/models HTTP/1.1\r\nhost: test\r\nx-api-key: {KEY}\r\nanthropic-version: 2023-06-01\r\n".encode()
)

DRIVERS = pytest.mark.parametrize("driver", first(["--fast", "--no-fast"]))


@pytest.fixture
def database(installation: Installation) -> Path:
    """The file of an installation with a key, whose secret is `KEY`."""
    installation.key(secret=KEY)
    return Path(installation.url.removeprefix("sqlite:///"))


#: By kind of slowness: what is sent first, what then drips, and the statuses it comes to.
KINDS: Final[dict[str, tuple[bytes, bytes, list[int]]]] = {
    "says nothing": (b"", b"", []),
    "never ends its head": (HEAD, b"", [408]),
    "drips its head": (HEAD + b"x-drip: ", b"a", [408]),
    "drips empty lines": (b"", b"\r\n", []),
    "drips its body": (HEAD + b"content-length: 1000\r\n\r\n", b"a", [200]),
    "drips a chunk": (HEAD + b"transfer-encoding: chunked\r\n\r\n3e8\r\n", b"a", [200]),
    "never asks again": (HEAD + b"\r\n", b"", [200]),
    "begins again": (HEAD + b"\r\n" + HEAD, b"", [200, 408]),
    "drips lines between requests": (HEAD + b"\r\n", b"\r\n", [200]),
}


async def be_slow(port: int, kind: str) -> list[int]:
    """Be slow in one way until the server closes; return the statuses that it answered."""
    first, drip, _ = KINDS[kind]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    received = bytearray()
    reading = asyncio.ensure_future(read_into(received, reader))
    while not reading.done():
        await asyncio.wait([reading], timeout=HEAD_SECONDS * 0.4)
        if drip and not writer.is_closing():
            writer.write(drip)
    await reading
    writer.transport.abort()
    return [reply.status for reply in replies(bytes(received))]


async def read_into(received: bytearray, reader: asyncio.StreamReader) -> None:
    """Read until the end; a reset is one, as a drop may fall behind the close."""
    with suppress(ConnectionResetError):
        while piece := await reader.read(65536):
            received += piece


async def be_good(port: int, until: "asyncio.Future[Any]") -> int:
    """Ask properly again and again, on new connections; return how often."""
    answered = 0
    while not until.done():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + b"connection: close\r\n\r\n")
        (reply,) = replies(await reader.read())
        assert reply.status == 200
        writer.close()
        answered += 1
        await asyncio.sleep(0.05)
    return answered


@DRIVERS
def test_slow_callers_are_cut_off_and_others_are_answered(database: Path, driver: str) -> None:
    kinds = [list(KINDS)[number % len(KINDS)] for number in range(SLOW)]

    async def talk(port: int) -> None:
        slow = asyncio.gather(*(be_slow(port, kind) for kind in kinds))
        good = asyncio.ensure_future(be_good(port, slow))
        for kind, statuses in zip(kinds, await asyncio.wait_for(slow, DEADLINE + 5 * HEAD_SECONDS), strict=True):
            assert statuses == KINDS[kind][2], kind
        assert await good > 5, "others were not answered while the slow were waited for"

    limits = (
        *("--head-seconds", str(HEAD_SECONDS)),
        *("--idle-seconds", str(HEAD_SECONDS + 1)),
        *("--max-connections", "19000"),
    )
    with Server(database, driver, *limits) as server:
        asyncio.run(talk(server.port))
        assert server.stop() == 0
        assert server.stderr == ""


def test_a_caller_that_does_not_read_its_answer_is_cut_off(installation: Installation, database: Path) -> None:
    add_many(installation)
    with Server(database, "--answer-seconds", "1") as server, socket.socket() as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(DEADLINE)
        reader.connect((server.host, server.port))
        reader.sendall(HEAD.replace(b"/v1/models", b"/v1/models?limit=1000") + b"\r\n")
        assert reader.recv(12) == b"HTTP/1.1 200"
        wait_for(lambda: "\ncallsheet_connections 1\n" in metrics(server), "the end of that connection")
        assert server.stop() == 0


def read_all(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    connection.settimeout(DEADLINE)
    return b"".join(iter(partial(connection.recv, 65536), b""))


def metrics(server: Server) -> str:
    connection = server.connect()
    connection.request("GET", "/metrics", headers={"connection": "close"})
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def hold(server: Server, count: int) -> list[socket.socket]:
    """Open connections, and wait until the server has taken the last."""
    held = [socket.create_connection((server.host, server.port), DEADLINE) for _ in range(count)]
    held[-1].settimeout(DEADLINE)
    return held


def test_a_connection_too_many_hears_that_there_is_no_room_and_later_there_is(database: Path) -> None:
    with Server(database, "--max-connections", "20") as server:
        held = hold(server, 20)
        held[-1].sendall(HEAD + b"\r\n")  # the last of them is a good one
        assert held[-1].recv(12) == b"HTTP/1.1 200"
        connection = server.connect()
        connection.request("GET", "/v1/models", headers=credentials(KEY))
        response = connection.getresponse()
        body = response.read()
        assert (response.status, response.getheader("connection")) == (529, "close")
        assert b'"overloaded_error","message":"Overloaded"' in body
        connection.close()
        for each in held:
            each.close()
        wait_for(lambda: asked(server) == 200, "room")
        wait_for(lambda: " connections were turned away: " in server.stderr, "the complaint")
        told = re.search(r'\ncallsheet_connections_dropped_total{reason="full"} (\d+)\n', metrics(server))
        assert told is not None
        assert int(told[1]) >= 1
        assert server.stop() == 0


def asked(server: Server) -> int:
    connection = server.connect()
    try:
        connection.request("GET", "/v1/models", headers=credentials(KEY))
        return connection.getresponse().status
    finally:
        connection.close()


def test_where_few_files_may_be_open_connections_are_fewer_and_waiting_for_them_costs_nothing(
    database: Path,
) -> None:
    command = ("sh", "-c", 'ulimit -n 200; exec "$@"', "sh", *COMMAND)
    with Server(database, command=command) as server:
        wait_for(lambda: "At most 72 connections at a time, not the 10000 of max_connections" in server.stderr)
        held = hold(server, 400)
        wait_for(lambda: "connections were turned away" in server.stderr, "the complaint")
        before = cpu_seconds(server)
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() - begun > 1, "a second")
        assert cpu_seconds(server) - before < 0.5, "it spins"
        for each in held:
            each.close()
        wait_for(lambda: asked(server) == 200, "room")
        assert server.stop() == 0
        assert "Too many open files" not in server.stderr


def cpu_seconds(server: Server) -> float:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_limit_on_open_files_is_raised_as_far_as_it_may_be(database: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard if hard != resource.RLIM_INFINITY else soft, 1000)
    command = ("sh", "-c", 'ulimit -S -n 200; exec "$@"', "sh", *COMMAND)
    with Server(database, "--max-connections", str(wanted - 200), command=command) as server:
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()
        (line,) = (line for line in limits.splitlines() if line.startswith("Max open files"))
        assert int(line.split()[3]) == wanted - 200 + 128
        assert server.stderr == ""


@DRIVERS
def test_a_url_of_a_megabyte_is_refused_so_that_the_answer_can_be_read(database: Path, driver: str) -> None:
    with (
        Server(database, driver) as server,
        socket.create_connection((server.host, server.port), DEADLINE) as caller,
    ):
        caller.sendall(b"GET /v1/models?" + b"x" * 2**20 + b" HTTP/1.1\r\nhost: test\r\n\r\n")
        (reply,) = replies(read_all(caller))
        assert reply.error[:2] == (414, "request_too_large")
        assert server.stop() == 0


def test_workers_cut_slow_callers_off_too(database: Path) -> None:
    with Server(database, "--workers", "2", "--head-seconds", "0.5") as server:
        slow = hold(server, 6)
        for each in slow:
            each.sendall(HEAD)
        for each in slow:
            (reply,) = replies(read_all(each))
            assert reply.status == 408
            each.close()
        assert server.stop() == 0
        assert server.stderr == ""
