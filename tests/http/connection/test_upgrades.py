"""Requests for another protocol: as none is offered, they are requests like any other, and so is what follows."""

import pytest

from callsheet.http.app import CallsheetApp
from tests.http.plain import ClockLoop, make_app, plain, replies, run
from tests.http.wire import Line
from tests.installation import Installation

#: Header lines of requests for an upgrade.
UPGRADES = {
    "websocket": ("connection: Upgrade", "upgrade: websocket"),
    "h2c": ("connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: x"),
    "several": ("upgrade: a, b", "connection: keep-alive, upgrade"),
    "one that is not of this connection": ("upgrade: websocket",),
}

fast_and_plain = pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])


@pytest.fixture
def app(installation: Installation) -> CallsheetApp:
    return make_app(installation)


@fast_and_plain
@pytest.mark.parametrize("name", UPGRADES)
def test_what_follows_a_request_for_an_upgrade_is_answered(app: CallsheetApp, name: str, fast: bool) -> None:
    lines: list[tuple[str, ...]] = [(), UPGRADES[name], (), UPGRADES[name], ()]
    asked = [plain(f"/v1/models?limit={number}", *more) for number, more in enumerate(lines, 1)]
    stream = b"".join(asked)

    async def talk(_: ClockLoop) -> None:
        for cut in range(len(asked[0]), len(stream), 7):
            line = Line(app, fast=fast)
            await line.feed([stream[:cut], stream[cut:]])
            assert [len(reply.ids) for reply in replies(line.wire.sent)] == [1, 2, 3, 4, 5], cut
            assert not line.wire.closed

    run(talk)


@fast_and_plain
def test_nonsense_behind_a_request_for_an_upgrade_ends_the_connection(app: CallsheetApp, fast: bool) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        await line.feed([plain("/v1/models", *UPGRADES["h2c"]) + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + plain()])
        (reply,) = replies(line.wire.sent)
        assert (reply.status, reply.headers["connection"], line.wire.closed) == (200, "close", True)

    run(talk)


#: Requests behind which something comes that is none, and their statuses.
ENDING = {
    "a tunnel": (plain().replace(b"GET", b"CONNECT", 1), 405),
    "a body": (plain("/v1/models", *UPGRADES["h2c"], f"content-length: {len(plain())}"), 200),
    "a body in chunks": (plain("/v1/models", *UPGRADES["websocket"], "transfer-encoding: chunked"), 200),
}


@fast_and_plain
@pytest.mark.parametrize("name", ENDING)
def test_what_is_no_request_is_never_taken_for_one(app: CallsheetApp, name: str, fast: bool) -> None:
    asked, status = ENDING[name]

    async def talk(_: ClockLoop) -> None:
        for chunks in ([asked + plain()], [asked, plain()], [asked[:50], asked[50:] + plain()[:20], plain()[20:]]):
            line = Line(app, fast=fast)
            for chunk in chunks:
                line.protocol.data_received(chunk)
            await line.settle()
            (reply,) = replies(line.wire.sent)
            assert (reply.status, reply.headers["connection"], line.wire.closed) == (status, "close", True)

    run(talk)
