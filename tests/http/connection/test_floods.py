"""Thousands of requests at once on one connection: all are answered in their order, but few are held at a time."""

import asyncio
import random
from itertools import pairwise

import pytest

from callsheet.http.app import CallsheetApp
from tests.http.plain import ClockLoop, make_app, plain, replies, run
from tests.http.wire import Line
from tests.installation import Installation
from tests.tiers import repeated

SMALL = b"GET /x HTTP/1.1\r\nhost:\r\n\r\n"
MANY = repeated(1000, 3000)

MIXED = [plain("/v1/models/claude-opus-5"), SMALL, plain("/healthz"), plain(secret="wrong")]
UPGRADE = plain("/v1/models?limit=1", "connection: upgrade", "upgrade: h2c")

#: Requests, and the statuses of their answers.
FLOODS = {
    "small ones": ([SMALL] * MANY, [404] * MANY),
    "with bodies": ([plain("/v1/models?limit=1", "content-length: 30") + b"x" * 30] * 300, [200] * 300),
    "with a long body": ([SMALL, plain("/v1/models", "content-length: 200") + b"x" * 200, SMALL], [404, 200, 404]),
    "mixed": (MIXED * 100, [200, 404, 200, 401] * 100),
    "for an upgrade": ([UPGRADE] * 300, [200] * 300),
    "and then nonsense": ([*[SMALL] * MANY, b"nonsense\r\n\r\n", SMALL], [404] * MANY),
}

fast_and_plain = pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])


@pytest.fixture
def app(installation: Installation) -> CallsheetApp:
    return make_app(installation)


@fast_and_plain
@pytest.mark.parametrize("name", FLOODS)
def test_all_are_answered_in_their_order(app: CallsheetApp, name: str, fast: bool) -> None:
    requests, statuses = FLOODS[name]
    sent = b"".join(requests)
    places = [0, *sorted(random.Random(name).sample(range(1, len(sent)), 5)), len(sent)]

    async def talk(_: ClockLoop) -> None:
        for chunks in ([sent], [sent[start:stop] for start, stop in pairwise(places)]):
            line = Line(app, fast=fast)
            for chunk in chunks:  # none waits for the answers to the one before
                line.protocol.data_received(chunk)
            await line.settle()
            assert [reply.status for reply in replies(line.wire.sent)] == statuses
            assert line.wire.closed == (name == "and then nonsense")
            assert line.wire.reading

    run(talk)


@fast_and_plain
def test_few_are_held_at_a_time_and_no_more_is_read_meanwhile(app: CallsheetApp, fast: bool) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        line.protocol.data_received(SMALL * MANY)
        while line.state.tasks:
            assert len(line.protocol.pipeline) < 50
            assert not (line.protocol._held and line.wire.reading)
            await asyncio.sleep(0)
        assert len(replies(line.wire.sent)) == MANY
        assert line.wire.reading

    run(talk)


@fast_and_plain
def test_a_caller_that_then_closes_its_side_gets_all_answers_and_the_end(app: CallsheetApp, fast: bool) -> None:
    async def talk(_: ClockLoop) -> None:
        for last, answers in ((b"", MANY), (SMALL[:9], MANY), (SMALL, MANY + 1)):
            line = Line(app, fast=fast)
            line.protocol.data_received(SMALL * MANY + last)
            assert line.protocol.eof_received()
            await line.settle()
            assert len(replies(line.wire.sent)) == answers
            assert line.wire.closed

    run(talk)


@fast_and_plain
def test_a_stop_answers_those_that_are_held_and_no_more(app: CallsheetApp, fast: bool) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        line.protocol.data_received(SMALL * MANY)
        line.protocol.shutdown()
        await line.settle()
        found = replies(line.wire.sent)
        assert 0 < len(found) < 50
        assert found[-1].headers["connection"] == "close"
        assert line.wire.closed

    run(talk)
