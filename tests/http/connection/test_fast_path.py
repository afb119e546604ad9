"""The fast protocol: what it answers itself, and that it keeps uvicorn's promises all the same."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from callsheet.http.app import CallsheetApp
from callsheet.http.connection.fast_protocol import FastProtocol
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.connection.protocol import EnvelopeProtocol
from callsheet.http.metrics.counters import Ordinary
from callsheet.http.metrics.families import Series
from callsheet.http.serve.config import ServerConfig
from tests.http.plain import SECRET, ClockLoop, answered_at_once, answered_later, make_app, plain, replies, run
from tests.http.wire import Line
from tests.installation import Installation

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: test\r\n\r\n"


@pytest.fixture
def app(installation: Installation) -> Iterator[CallsheetApp]:
    made = make_app(installation, max_url_bytes=512)
    yield made
    made.stop()


def test_a_plain_request_is_answered_before_anything_else_runs(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        for target in ("/v1/models", "/v1/models?limit=1", "/v1/models/claude-opus-5", "/v1/v1/models/"):
            for _time in range(3):
                assert answered_at_once(line, plain(target)).status == 200

    run(talk)


@pytest.mark.parametrize("header", ["connection: keep-alive", "Connection:  Keep-Alive ", "accept-encoding: gzip"])
def test_a_request_with_the_headers_of_a_usual_client_is_plain(app: CallsheetApp, header: str) -> None:
    async def talk(_: ClockLoop) -> None:
        assert answered_at_once(Line(app, fast=True), plain("/v1/models", header)).status == 200

    run(talk)


def test_an_answer_of_unusual_form_is_given_at_once_too(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        etag = answered_at_once(line, plain()).headers["etag"]
        same = answered_at_once(line, plain("/v1/models?limit=2", f"if-none-match: {etag}"))
        assert (same.status, same.body) == (304, b"")
        openai = b"GET /v1/models HTTP/1.1\r\nhost: test\r\nauthorization: Bearer sk-of-the-fast-tests\r\n\r\n"
        assert answered_at_once(line, openai).json["object"] == "list"

    run(talk)


OPENAI = ["host: test", f"authorization: Bearer {SECRET}"]
FORMS = {
    "a list": (["host: test", f"x-api-key: {SECRET}", "anthropic-version: 2023-06-01"], 200),
    "held already": (
        ["host: test", f"x-api-key: {SECRET}", "anthropic-version: 2023-06-01", "if-none-match: *"],
        304,
    ),
    "OpenAI's dialect": (OPENAI, 200),
    "OpenAI's dialect, held already": ([*OPENAI, "if-none-match: *"], 304),
}


@pytest.mark.parametrize("trace", [False, True], ids=["by its bytes", "by its head"])
@pytest.mark.parametrize("form", FORMS)
def test_an_answer_of_any_form_is_remembered(app: CallsheetApp, form: str, trace: bool) -> None:
    lines, status = FORMS[form]

    async def talk(_: ClockLoop) -> None:
        line, ids, said = Line(app, fast=True), set(), set()
        for number in range(6):
            more = [f"traceparent: {number}"] if trace else []
            reply = answered_at_once(line, "\r\n".join(["GET /v1/models HTTP/1.1", *lines, *more, "", ""]).encode())
            id_ = reply.headers.pop("request-id")
            assert reply.headers.pop("x-request-id", id_) == id_
            ids.add(id_)
            said.add((reply.status, reply.body, *reply.headers.items()))
        assert len(ids) == 6
        assert len(said) == 1
        assert reply.status == status
        assert app.observer.metrics.cache_hits == 4

    run(talk)


REASONS = {
    Ordinary.PATH: plain("/healthz"),
    Ordinary.FORM: plain("/v1/models", "content-length: 0"),
    Ordinary.REFUSED: plain(secret="wrong"),
}


@pytest.mark.parametrize("reason", REASONS)
def test_what_takes_the_ordinary_path_is_counted_by_reason(app: CallsheetApp, reason: Ordinary) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        await line.feed([plain(), REASONS[reason], plain(), plain()[:30], plain()[30:]])
        expected = dict.fromkeys(Ordinary, 0)
        expected[reason] += 1
        expected[Ordinary.FORM] += 1  # the one in pieces, once
        assert app.observer.metrics.ordinary == expected
        figures = app.observer.metrics.figures()
        assert figures[Series("callsheet_ordinary_path_requests_total", (("reason", "busy"),))] == 0

    run(talk)


def test_requests_behind_another_one_are_counted_as_busy(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        line.protocol.data_received(plain("/healthz"))
        line.protocol.data_received(plain())
        await line.settle()
        assert app.observer.metrics.ordinary[Ordinary.BUSY] == 1

    run(talk)


OUT_OF_THE_ORDINARY = {
    "another method": (plain().replace(b"GET", b"POST", 1), 405),
    "an older version that is to stay": (
        plain("/v1/models", "connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"),
        200,
    ),
    "an upgrade": (plain("/v1/models", "connection: upgrade", "upgrade: websocket"), 200),
    "an expectation": (plain("/v1/models", "expect: 100-continue"), 200),
    "a body": (plain("/v1/models", "content-length: 5") + b"hello", 200),
    "an empty body": (plain("/v1/models", "content-length: 0"), 200),
    "a body in chunks": (plain("/v1/models", "transfer-encoding: chunked") + b"0\r\n\r\n", 200),
    "a path of its own": (plain("/healthz"), 200),
    "an unknown path": (plain("/v1/messages"), 404),
    "an unknown model": (plain("/v1/models/nothing"), 404),
    "a bad query": (plain("/v1/models?limit=0"), 400),
    "a bad key": (plain(secret="wrong"), 401),
    "an unknown version": (plain().replace(b"2023-06-01", b"1999-01-01"), 400),
}


@pytest.mark.parametrize("name", OUT_OF_THE_ORDINARY)
def test_a_request_out_of_the_ordinary_is_answered_by_a_task(app: CallsheetApp, name: str) -> None:
    request, status = OUT_OF_THE_ORDINARY[name]

    async def talk(_: ClockLoop) -> None:
        (reply,) = await answered_later(Line(app, fast=True), request)
        assert reply.status == status

    run(talk)


def test_head_gets_the_headers_of_get(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        whole = answered_at_once(line, plain())
        before = len(line.wire.sent)
        await line.feed([plain().replace(b"GET", b"HEAD", 1)])
        (head,) = replies(line.wire.sent[before:], to_head=True)
        assert {**head.headers, "request-id": ""} == {**whole.headers, "request-id": ""}

    run(talk)


LAST = {
    "an older version": plain().replace(b"HTTP/1.1", b"HTTP/1.0"),
    "as nginx asks by default": plain("/v1/models", "Connection: close").replace(b"HTTP/1.1", b"HTTP/1.0"),
    "the last of its connection": plain("/v1/models", "connection: close"),
    "for an OpenAI client": b"GET /v1/models HTTP/1.0\r\nhost: a\r\n"
    + f"authorization: Bearer {SECRET}\r\n\r\n".encode(),
}


@pytest.mark.parametrize("name", LAST)
def test_a_connection_that_is_to_end_ends_with_its_answer_at_once(app: CallsheetApp, name: str) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        usual = answered_at_once(line, plain())
        for is_first in [False] * 4 + [True] * 4:  # new, again, remembered by head, by bytes
            line.reconnect()
            if not is_first:
                assert "connection" not in answered_at_once(line, plain()).headers
            last = answered_at_once(line, LAST[name])
            assert (last.status, last.headers["connection"]) == (200, "close")
            assert line.wire.closed
        line.reconnect()
        assert answered_at_once(line, plain()).headers.keys() == usual.headers.keys()

    run(talk)


def test_a_body_is_not_taken_for_a_request(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        inner = plain("/v1/models/claude-opus-5")
        line.protocol.data_received(plain("/v1/models?limit=1", f"content-length: {len(inner)}"))
        await line.settle()
        line.protocol.data_received(inner)
        assert len(replies(line.wire.sent)) == 1
        assert answered_at_once(line, inner).json["id"] == "claude-opus-5"

    run(talk)


def test_a_request_in_two_pieces_is_answered_once_it_is_whole(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        line.protocol.data_received(plain()[:40])
        assert not line.wire.sent
        await answered_later(line, plain()[40:])
        answered_at_once(line, plain())

    run(talk)


def test_a_chunk_of_mixed_requests_is_answered_in_order(app: CallsheetApp) -> None:
    mixed = [
        (plain("/v1/models?limit=1"), 200),
        (plain(secret="wrong"), 401),
        (HEALTH, 200),
        (plain("/v1/models/claude-opus-5"), 200),
        (plain("/v1/models/nothing"), 404),
        (plain("/v1/models?limit=3"), 200),
    ]

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        found = await answered_later(line, b"".join(request for request, _ in mixed))
        assert [reply.status for reply in found] == [status for _, status in mixed]
        assert found[2].json == {"status": "ok"}
        assert found[3].json["id"] == "claude-opus-5"
        assert [len(found[number].json["data"]) for number in (0, 5)] == [1, 3]

    run(talk)


def test_a_plain_request_waits_for_the_one_ahead_of_it(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        answered_at_once(line, plain())
        line.protocol.data_received(HEALTH)
        first, second = (await answered_later(line, plain()))[-2:]
        assert first.json == {"status": "ok"}
        assert len(second.json["data"]) == 2
        answered_at_once(line, plain())

    run(talk)


def test_a_reader_that_is_too_slow_gets_its_next_answer_when_it_has_caught_up(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        answered_at_once(line, plain())
        before = len(line.wire.sent)
        line.protocol.pause_writing()
        for _time in range(3):
            line.protocol.data_received(plain())
        for _time in range(10):
            await asyncio.sleep(0)
        assert len(line.wire.sent) == before
        assert not line.wire.reading
        line.protocol.resume_writing()
        await line.settle()
        assert len(replies(line.wire.sent[before:])) == 3
        assert line.wire.reading

    run(talk)


@pytest.mark.parametrize(
    ("request_", "status", "message"),
    [
        (plain("/v1/models?" + "x" * 600), 414, "URL exceeds the limit of 512 bytes"),
        (plain("/v1/models", "x-long: " + "y" * 2000), 431, "Headers exceed the limit of 1024 bytes"),
    ],
)
def test_a_request_that_is_too_large_is_refused(
    app: CallsheetApp, request_: bytes, status: int, message: str
) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True, max_header_bytes=1024)
        line.protocol.data_received(request_)
        await line.settle()
        (reply,) = replies(line.wire.sent)
        assert reply.error == (status, "request_too_large", message)
        assert line.wire.closed

    run(talk)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("piece", [100_000, 1000])
@pytest.mark.parametrize("form", [b"a: \r\n", b"a:\r\n"], ids=["usual", "without a blank"])
def test_headers_are_refused_from_the_byte_on_that_is_one_too_many(
    app: CallsheetApp, fast: bool, piece: int, form: bytes
) -> None:
    async def status(spare: int) -> int:
        line = Line(app, fast=fast, max_header_bytes=8192)
        counted = sum([len(each) + 2 for each in plain().split(b"\r\n")[1:-2]])
        many = (8192 - counted - 10) // 5  # "a" and four more, however it is written
        left = 8192 - counted - many * 5 - 5 - spare
        request = plain()[:-2] + form * many + b"x: %b\r\n\r\n" % (b"y" * left)
        await line.feed([request[place : place + piece] for place in range(0, len(request), piece)])
        (reply,) = replies(line.wire.sent)
        return reply.status

    async def talk(_: ClockLoop) -> None:
        assert await status(0) == 200
        assert await status(-1) == 431

    run(talk)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("end", [plain()[:40], plain("/v1/models", "content-length: 2") + b"{}" + plain()[:40]])
def test_many_requests_in_a_chunk_are_not_taken_for_one_large_head(
    app: CallsheetApp, fast: bool, end: bytes
) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        chunk = plain() * 100 + end
        assert len(chunk) > 10_000
        await line.feed([chunk, plain()[40:]])
        assert {reply.status for reply in replies(line.wire.sent)} == {200}
        assert not line.wire.closed

    run(talk)


@pytest.mark.parametrize("pieces", [1, 2, 50])
def test_a_head_without_an_end_is_refused(app: CallsheetApp, pieces: int) -> None:
    endless = plain("/v1/models", "x-long: " + "y" * 10_000)[:-4]
    size = -(-len(endless) // pieces)

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        answered_at_once(line, plain())
        await line.feed(endless[place : place + size] for place in range(0, len(endless), size))
        assert replies(line.wire.sent)[1].error[0] == 431
        assert line.wire.closed

    run(talk)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("begin", "more"),
    [(b"0\r\nx: ", b"y" * 100), (b"0\r\n", b"y" * 100), (b"5;x=", b"y" * 100), (b"0\r\n", b"x: y\r\n" * 10)],
    ids=["trailer", "trailer's name", "extension of a chunk", "trailers"],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_what_comes_with_a_body_and_does_not_end_is_refused(
    app: CallsheetApp, fast: bool, begin: bytes, more: bytes, at_once: bool
) -> None:
    head = b"POST /v1/models HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n"

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        stream = head + begin + more * 100
        if at_once:
            line.protocol.data_received(stream)
            await line.settle()
        else:
            await line.feed(stream[place : place + 50] for place in range(0, len(stream), 50))
        (reply,) = replies(line.wire.sent)
        expected = {413, 431} if at_once else {405}  # which is out before the end is in doubt
        assert reply.status in expected
        assert line.wire.closed

    run(talk)


def test_a_body_in_the_smallest_of_chunks_may_be_as_long_as_any(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        body = b"1\r\na\r\n" * 256 + b"0\r\n\r\n"
        await line.feed([plain("/v1/models", "transfer-encoding: chunked") + body, plain()])
        assert [reply.status for reply in replies(line.wire.sent)] == [200, 200]

    run(talk)


@pytest.mark.parametrize(("limit", "status"), [(1, 503), (2, 200)])
def test_where_concurrency_is_limited_uvicorn_keeps_the_limit(app: CallsheetApp, limit: int, status: int) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True, limit_concurrency=limit)
        (reply,) = await answered_later(line, plain())
        assert reply.status == status

    run(talk)


def test_every_answer_counts_towards_the_most_a_process_gives(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        etag = answered_at_once(line, plain()).headers["etag"]
        answered_at_once(line, plain())
        answered_at_once(line, plain("/v1/models?limit=2", f"if-none-match: {etag}"))
        await line.feed([HEALTH, plain(secret="wrong")])
        assert line.state.total_requests == 5

    run(talk)


async def _ask_fast(line: Line) -> None:
    answered_at_once(line, plain())


async def _ask_slowly(line: Line) -> None:
    await answered_later(line, HEALTH)


@pytest.mark.parametrize("ask", [_ask_fast, _ask_slowly], ids=["at once", "by a task"])
def test_requests_set_no_timers(app: CallsheetApp, ask: Callable[[Line], Coroutine[Any, Any, None]]) -> None:
    async def talk(loop: ClockLoop) -> None:
        line = Line(app, fast=True)
        for _ in range(3):
            await ask(line)
        assert loop.timers == []

    run(talk)


def _stop(line: Line) -> None:
    protocol: Any = line.protocol
    protocol.shutdown()


@pytest.mark.parametrize("before", [b"", plain(), plain() + HEALTH, plain()[:50]])
def test_a_stop_closes_a_connection_without_a_whole_request(app: CallsheetApp, before: bytes) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        answered_at_once(line, plain())
        line.protocol.data_received(before)
        await line.settle()
        _stop(line)
        assert line.wire.closed

    run(talk)


def test_a_stop_lets_the_answer_in_flight_be_the_last(app: CallsheetApp) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        answered_at_once(line, plain())
        line.protocol.data_received(HEALTH)
        _stop(line)
        assert not line.wire.closed
        await line.settle()
        assert replies(line.wire.sent)[1].headers["connection"] == "close"
        assert line.wire.closed

    run(talk)


@pytest.mark.parametrize("seconds", [None, 7])
def test_a_stop_cuts_a_connection_off_only_after_the_time_it_may_take(
    app: CallsheetApp, seconds: int | None
) -> None:
    async def talk(loop: ClockLoop) -> None:
        line = Line(app, fast=True, timeout_graceful_shutdown=seconds)
        line.protocol.data_received(HEALTH)
        _stop(line)
        assert [timer.when() - loop.time() for timer in loop.timers] == ([] if seconds is None else [seconds])
        await line.settle()

    run(talk)


@pytest.mark.parametrize(("prefix", "without"), [("/v1", 404), ("/v1/models", 200)])
def test_a_prefix_like_the_paths_of_the_api_is_taken_off(
    installation: Installation, prefix: str, without: int
) -> None:
    app = make_app(installation, root_path=prefix)

    async def talk(_: ClockLoop) -> None:
        list_at = f"{prefix}/v1/models?limit=1"
        for target, status in (("/v1/models?limit=1", without), (list_at, 200)):  # of a prefix alone, / is left
            said = []
            for fast in (True, False):
                line = Line(app, fast=fast)
                await line.feed([plain(target)])
                said.append(line.said)
            assert said[0] == said[1]
            assert replies(line.wire.sent)[0].status == status

    run(talk)
    app.stop()


@pytest.mark.parametrize("version", ["0.53.9", "0.55.0", "1.0.0"])
def test_a_uvicorn_that_was_not_tested_answers_in_its_own_way_and_says_so_once(
    app: CallsheetApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, version: str
) -> None:
    monkeypatch.setattr(uvicorn, "__version__", version)

    async def talk(_: ClockLoop) -> None:
        with caplog.at_level(logging.WARNING, "callsheet"):
            line = Line(app, fast=True)
            assert (await answered_later(line, plain()))[0].status == 200
        assert type(line.protocol) is HttpToolsProtocol
        assert [record.getMessage() for record in caplog.records] == [
            f"uvicorn {version} is not a tested release; answering through ASGI alone."
        ]

    run(talk)


@pytest.mark.parametrize(("fast", "protocol"), [(True, FastProtocol), (False, EnvelopeProtocol)])
def test_a_uvicorn_that_was_tested_gets_our_protocol(
    app: CallsheetApp, caplog: pytest.LogCaptureFixture, fast: bool, protocol: type
) -> None:
    config = ServerConfig(app, limits=ConnectionLimits(512, 512, 512), fast=fast, log_config=None)
    config.load()
    assert config.http_protocol_class is protocol
    assert not caplog.records


@pytest.mark.parametrize("times_before", [0, 1, 2, 5], ids=["new", "again", "remembered", "known by its bytes"])
def test_what_fails_behind_an_answer_brings_no_second_one(app: CallsheetApp, times_before: int) -> None:
    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=True)
        for _time in range(times_before):
            answered_at_once(line, plain())
        app.observer.metrics.durations = []  # the answer will be given, but cannot be counted
        with pytest.raises(IndexError):
            line.protocol.data_received(plain())
        await line.settle()
        assert [reply.status for reply in replies(line.wire.sent)] == [200] * (times_before + 1)

    run(talk)


def _break(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let a function that only the fast path calls like this raise what it never should."""

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise LookupError("this is broken")

    monkeypatch.setattr(f"callsheet.http.connection.{name}", fail)


FAULTS = [
    "head.HeadReader.read",
    "fast_protocol.select_body",
    "fast_path.FastPath.label",
]


@pytest.mark.parametrize("broken", FAULTS)
def test_a_fault_of_the_fast_path_is_counted_logged_once_and_answered_by_the_ordinary_path(
    app: CallsheetApp, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    async def talk(_: ClockLoop) -> None:
        good = answered_at_once(Line(app, fast=True), plain())
        _break(monkeypatch, broken)
        line = Line(app, fast=True)
        for number in range(1, 4):
            (reply,) = await answered_later(line, plain())
            assert {**reply.headers, "request-id": ""} == {**good.headers, "request-id": ""}
            assert (reply.status, reply.body) == (200, good.body)
            assert app.observer.metrics.figures()[Series("callsheet_fast_path_errors_total")] == number

    run(talk)
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage().startswith("The fast path failed to answer a request; the ordinary path answers it.")
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "this is broken"


@pytest.mark.parametrize("name", OUT_OF_THE_ORDINARY)
def test_a_request_that_the_fast_path_leaves_to_the_ordinary_one_is_no_fault(
    app: CallsheetApp, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    async def talk(_: ClockLoop) -> None:
        await answered_later(Line(app, fast=True), OUT_OF_THE_ORDINARY[name][0])

    run(talk)
    assert app.observer.metrics.fast_path_errors == 0
    assert not caplog.records


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("cut", [False, True])
def test_a_trailer_is_no_header(app: CallsheetApp, fast: bool, cut: bool) -> None:
    head = b"GET /v1/models HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n0\r\n"
    lines = f"x-api-key: {SECRET}", "anthropic-version: 2023-06-01", "host: other", "expect: 100-continue"
    trailers = "".join(f"{line}\r\n" for line in (*lines, "")).encode()

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        for part in (head, trailers) if cut else (head + trailers,):
            line.protocol.data_received(part)
        await line.settle()
        line.protocol.data_received(plain())
        await line.settle()
        refused, given = replies(line.wire.sent)
        assert refused.error == (401, "authentication_error", "x-api-key header is required")
        assert given.status == 200

    run(talk)
