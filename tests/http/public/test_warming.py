"""Both drivers answer the first requests after a start and after a change from what was encoded in advance."""

import threading

import pytest

from callsheet.http.app import CallsheetApp
from tests.api.encoding import encoded_blocks
from tests.http.plain import SECRET, ClockLoop, make_app, plain, replies, run
from tests.http.wire import Line
from tests.installation import Installation, make_model

OPENAI = f"GET /v1/models HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {SECRET}\r\n\r\n".encode()


def wait_until_prepared(app: CallsheetApp) -> None:
    """Let it prepare everything; its thread may do so meanwhile."""
    while app.live.warm(threading.Event()):
        pass


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
def test_the_first_requests_encode_nothing(installation: Installation, fast: bool) -> None:
    installation.add_at_once(make_model(f"m{number:04}") for number in range(600))
    app = make_app(installation)
    wait_until_prepared(app)

    async def talk(_: ClockLoop) -> None:
        with encoded_blocks() as blocks:
            line = Line(app, fast=fast)
            await line.feed([plain()])
            assert blocks == []
            await line.feed([OPENAI, plain("/v1/models?limit=1000")])
            installation.catalog.remove("m0300")
            app.live.refresh()
            wait_until_prepared(app)
            blocks.clear()
            await line.feed([plain(), OPENAI, plain("/v1/models?limit=1000")])
            assert blocks == []
        assert [reply.status for reply in replies(line.wire.sent)] == [200] * 6
        before, after = (len(reply.json["data"]) for reply in replies(line.wire.sent)[2::3])
        assert before - after == 1

    run(talk)
    app.stop()
