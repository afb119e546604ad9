"""Answers that need much prepared: others are answered while they are made, by both drivers."""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from callsheet.api.answer import answer
from callsheet.api.request import Request
from callsheet.api.views import Views
from callsheet.domain.catalog import Catalog
from callsheet.http.app import CallsheetApp
from tests.http.plain import SECRET, ClockLoop, make_app, plain, replies, run
from tests.http.wire import Line
from tests.installation import Installation, make_model
from tests.program import wait_for

OPENAI = f"GET /v1/models HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {SECRET}\r\n\r\n".encode()

LONG = {
    "all for an OpenAI client": OPENAI,
    "what nobody has": plain("/v1/models?lifecycle=retired"),
    "a large page": plain("/v1/models?limit=1000"),
}

#: Before any thread gave way to the event loop.
USUAL = sys.getswitchinterval()


@cache
def catalog() -> Catalog:
    """So many models that they are not prepared at once."""
    return Catalog(make_model(f"m{number:05}") for number in range(26_000))


fast_and_plain = pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])


@pytest.fixture
def app(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[CallsheetApp]:
    made = make_app(installation)
    put_catalog(made, monkeypatch)
    yield made
    made.stop()


def put_catalog(app: CallsheetApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it answer from `catalog`, of which nothing is prepared."""
    monkeypatch.setattr(app.live, "start", lambda: None)  # else the State would be the database's again
    app.live.current = replace(app.live.current, catalog=catalog(), views=Views())


@fast_and_plain
@pytest.mark.parametrize("name", LONG)
def test_others_are_answered_while_much_is_prepared(app: CallsheetApp, name: str, fast: bool) -> None:
    async def talk() -> None:
        patient, others = Line(app, fast=fast), Line(app, fast=fast)
        answered = 0
        patient.protocol.data_received(LONG[name])
        while not patient.wire.sent:
            others.wire.sent = b""
            await others.feed([plain("/v1/models?limit=5")])
            assert len(replies(others.wire.sent)[0].ids) == 5
            answered += 1
            await asyncio.sleep(0)
        assert answered > 1, "the others had to wait"
        await patient.settle()
        (reply,) = replies(patient.wire.sent)
        said = answer(app.live.current, as_request(LONG[name], reply.headers["request-id"]))
        assert (reply.status, reply.body) == (said.status, said.body)

    asyncio.run(talk())
    wait_for(lambda: sys.getswitchinterval() == USUAL, "the end of what is prepared in the background")


def as_request(sent: bytes, request_id: str) -> Request:
    first, *lines = sent.decode().strip().split("\r\n")
    path, _, query = first.split(" ")[1].encode().partition(b"?")
    headers = [(name.encode(), value.encode()) for name, value in (line.split(": ") for line in lines)]
    return Request("GET", path, query, headers, 0.0, request_id)


@fast_and_plain
def test_several_who_ask_for_it_at_a_time_all_get_it(app: CallsheetApp, fast: bool) -> None:
    async def talk(_: ClockLoop) -> None:
        lines = [Line(app, fast=fast) for _ in range(4)]
        await asyncio.gather(*(line.feed([OPENAI] * 2) for line in lines))
        bodies = {reply.body for line in lines for reply in replies(line.wire.sent)}
        assert [body.count(b'"object":"model"') for body in bodies] == [26_000]

    run(talk)


@fast_and_plain
def test_a_request_that_is_prepared_at_length_counts_once(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    app = make_app(installation, rate_limit_key="2/hour")
    put_catalog(app, monkeypatch)

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        await line.feed([OPENAI] * 3)
        assert [reply.status for reply in replies(line.wire.sent)] == [200, 200, 429]

    run(talk)
    app.stop()
