"""Callers that close their side once they have asked, as ``nc -N`` does, get their answers, and then the end."""

import socket
from pathlib import Path

import pytest

from callsheet.http.app import CallsheetApp
from tests.http.plain import SECRET, ClockLoop, make_app, plain, replies, run
from tests.http.wire import Line
from tests.installation import Installation
from tests.program import DEADLINE, Server

SLOW = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"

fast_and_plain = pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])


@pytest.fixture
def app(installation: Installation) -> CallsheetApp:
    return make_app(installation)


@fast_and_plain
@pytest.mark.parametrize("sent", [SLOW, SLOW * 3, SLOW + plain(), plain() + SLOW, SLOW + b"GET /v1/mod"])
def test_what_was_asked_is_answered_and_the_connection_closed(app: CallsheetApp, sent: bytes, fast: bool) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        line.protocol.data_received(sent)
        assert line.protocol.eof_received()
        assert not line.said[1]
        await line.settle()
        assert [reply.status for reply in replies(line.wire.sent)] == [200] * sent.count(b"\r\n\r\n")
        assert line.said[1]

    run(talk)


@fast_and_plain
@pytest.mark.parametrize("sent", [b"", b"GET /v1/mod", b"nonsense\r\n\r\n", SLOW])
def test_where_nothing_is_being_answered_there_is_nothing_to_wait_for(
    app: CallsheetApp, sent: bytes, fast: bool
) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        await line.feed([sent] if sent else [])
        assert not line.protocol.eof_received()

    run(talk)


@pytest.mark.parametrize("driver", ["--fast", "--no-fast"])
def test_over_tcp_the_answers_arrive(installation: Installation, driver: str) -> None:
    installation.key(secret=SECRET)
    database = Path(installation.url.removeprefix("sqlite:///"))
    with Server(database, driver) as server:
        for sent in (plain(), SLOW, SLOW + plain() + SLOW):
            with socket.create_connection((server.host, server.port), DEADLINE) as caller:
                caller.sendall(sent)
                caller.shutdown(socket.SHUT_WR)
                received = b"".join(iter(lambda: caller.recv(65536), b""))
            assert [reply.status for reply in replies(received)] == [200] * sent.count(b"\r\n\r\n")
        assert server.stop() == 0
