"""Callers that read slowly, or not at all: who reads gets everything, and who does not is cut off."""

import http.client
import json
import re
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.deploy.proxies import routed
from tests.installation import Installation, make_model
from tests.process.test_slow_callers import DRIVERS, KEY, metrics
from tests.process.test_stop import add_many, request
from tests.program import DEADLINE, Server, credentials, wait_for
from tests.tiers import first

LARGE: Final = request("/v1/models?limit=1000")
OPENAI: Final = f"GET /v1/models HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {KEY}\r\n\r\n".encode()

#: Models whose list for OpenAI's clients is longer than what the system buffers of it.
MANY: Final = 16_000

#: Seconds without reading, in these tests; a list is read slowly for several times as long.
PATIENCE: Final = 1.0
SLOWLY: Final = 6 * PATIENCE


@pytest.fixture(scope="module")
def database(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an installation with a key, whose secret is `KEY`, and a page of some nine megabytes."""
    installation = installed(_template, tmp_path_factory.mktemp("large"))
    add_many(installation)
    return Path(installation.url.removeprefix("sqlite:///"))


@pytest.fixture(scope="module")
def crowded(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with `MANY` models instead."""
    installation = installed(_template, tmp_path_factory.mktemp("crowded"))
    installation.add_at_once(make_model(f"m{number:0250}") for number in range(MANY))
    return Path(installation.url.removeprefix("sqlite:///"))


def installed(template: Path, folder: Path) -> Installation:
    shutil.copy(template, folder / "callsheet.db")
    installation = Installation(f"sqlite:///{folder}/callsheet.db")
    installation.key(secret=KEY)
    return installation


@contextmanager
def asking(port: int, asked: bytes, buffer: int | None = 4096) -> Iterator[socket.socket]:
    """A connection on which something was asked for and nothing has been read yet."""
    with socket.socket() as caller:
        if buffer is not None:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        caller.settimeout(DEADLINE)
        caller.connect(("127.0.0.1", port))
        caller.sendall(asked)
        yield caller


def read_slowly(caller: socket.socket, bytes_a_second: int) -> bytes:
    """What arrives while it is read at that rate, ten times a second."""
    received = b""
    begun = time.monotonic()
    while (elapsed := time.monotonic() - begun) < SLOWLY:
        if len(received) < elapsed * bytes_a_second:
            received += caller.recv(bytes_a_second // 10)
        else:
            time.sleep(0.02)
    return received


def read_rest(caller: socket.socket, received: bytes) -> bytes:
    """The body of an answer whose beginning has been received."""
    while b"\r\n\r\n" not in received:
        received += caller.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    assert length is not None, head
    pieces, left = [body], int(length[1]) - len(body)
    while left:
        piece = caller.recv(min(left, 2**20))
        assert piece, f"cut off {left} bytes before the end"
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


@DRIVERS
@pytest.mark.parametrize("bytes_a_second", first([2048, 8192, 24576]))
def test_whoever_reads_slowly_gets_all_of_a_large_list(database: Path, driver: str, bytes_a_second: int) -> None:
    with (
        Server(database, driver, "--answer-seconds", str(PATIENCE)) as server,
        asking(server.port, LARGE) as caller,
    ):
        body = read_rest(caller, read_slowly(caller, bytes_a_second))
        assert len(json.loads(body)["data"]) == 1000
        assert server.stop() == 0


@DRIVERS
def test_the_usual_buffers_of_a_system_hide_no_reader(database: Path, driver: str) -> None:
    with (
        Server(database, driver, "--answer-seconds", str(PATIENCE)) as server,
        asking(server.port, LARGE, buffer=None) as caller,
    ):
        body = read_rest(caller, read_slowly(caller, 1024))
        assert len(json.loads(body)["data"]) == 1000
        assert server.stop() == 0


@pytest.mark.parametrize("name", first(["nginx", "haproxy", "caddy", "envoy"]))
@DRIVERS
def test_a_slow_reader_behind_a_proxy_gets_all_of_a_large_list(
    database: Path, driver: str, name: str, tmp_path: Path
) -> None:
    with Server(database, driver, "--answer-seconds", str(PATIENCE)) as server:
        with (
            routed(name, server.port, 1, tmp_path) as proxy,
            asking(proxy.port, LARGE, buffer=None) as caller,
        ):
            body = read_rest(caller, read_slowly(caller, 1024))
            assert len(json.loads(body)["data"]) == 1000
        assert server.stop() == 0


@pytest.mark.parametrize("driver", ["--fast", "--no-fast"])
def test_whoever_reads_nothing_is_cut_off_and_counted(database: Path, driver: str) -> None:
    with (
        Server(database, driver, "--answer-seconds", str(PATIENCE)) as server,
        asking(server.port, LARGE) as caller,
    ):
        assert caller.recv(12) == b"HTTP/1.1 200"
        wait_for(lambda: '\ncallsheet_connections_dropped_total{reason="unread"} 1\n' in metrics(server))
        assert server.stop() == 0


@DRIVERS
def test_while_too_much_is_left_unread_only_large_lists_are_refused(database: Path, driver: str) -> None:
    with Server(database, driver, "--max-unread-bytes", str(2**20)) as server:
        with asking(server.port, LARGE) as caller:
            assert caller.recv(12) == b"HTTP/1.1 200"
            wait_for(lambda: figure(server, "callsheet_unread_bytes") > 2**20)
            status, body = ask(server, "/v1/models?limit=1000")
            assert (status, json.loads(body)["error"]) == (
                529,
                {"type": "overloaded_error", "message": "Overloaded"},
            )
            for _ in range(3):
                assert ask(server, "/v1/models?limit=5")[0] == 200
            assert figure(server, "callsheet_unread_refusals_total") == 1
            wait_for(lambda: "Refused 1 request for large lists: callers leave " in server.stderr, "the complaint")
        wait_for(lambda: figure(server, "callsheet_unread_bytes") == 0, "the end of that connection")
        assert ask(server, "/v1/models?limit=1000")[0] == 200
        assert server.stop() == 0


@DRIVERS
def test_a_list_for_openai_s_clients_is_in_memory_once_however_many_leave_it_unread(
    crowded: Path, driver: str
) -> None:
    callers = 20
    with Server(crowded, driver) as server, ExitStack() as stack:
        whole = read_rest(stack.enter_context(asking(server.port, OPENAI, buffer=None)), b"")
        assert len(json.loads(whole)["data"]) > MANY
        before = resident_bytes(server)
        for _ in range(callers):
            caller = stack.enter_context(asking(server.port, OPENAI))
            assert caller.recv(12) == b"HTTP/1.1 200"
        assert resident_bytes(server) - before < callers * len(whole) / 8
        last = read_rest(caller, b"HTTP/1.1 200")
        assert last == whole


def ask(server: Server, target: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=DEADLINE)
    try:
        connection.request("GET", target, headers=credentials(KEY))
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def figure(server: Server, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", metrics(server), re.MULTILINE)
    assert found is not None, name
    return float(found[1])


def resident_bytes(server: Server) -> int:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
