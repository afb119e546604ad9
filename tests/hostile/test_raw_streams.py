"""Streams that no client means to send: never a 5xx, a hang or a byte of somebody else's; others notice nothing."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.http.app import CallsheetApp, options_of
from callsheet.settings import Settings
from tests.hostile.run import run, shown
from tests.hostile.streams import Streams
from tests.hostile.target import BROUGHT, OWN, THEIRS, make_installation, target
from tests.hostile.verdict import WrongAnswerError, judge
from tests.http.wire import Line
from tests.tiers import examples

#: How many streams; the long run has 100,000.
COUNT: Final = int(os.environ.get("CALLSHEET_TEST_HOSTILE", "2000"))

DRIVERS = pytest.mark.parametrize("driver", ["--fast", "--no-fast"])


@DRIVERS
def test_hostile_streams_are_refused_and_nobody_else_is(driver: str, tmp_path: Path, template: Path) -> None:
    seed = int.from_bytes(os.urandom(4))
    with target(tmp_path, driver, template=template) as aim:
        streams = Streams(seed, aim.secrets)
        tally = asyncio.run(run(aim.server.port, streams, COUNT // 2, aim.goods, aim.forbidden, seed))
    assert not tally.wrong, f"seed {seed}\n{shown(tally)}"
    assert tally.sent == COUNT // 2
    assert tally.resets < tally.sent * 0.1
    assert tally.good > 50
    assert {200, 400, 401, 404, 405, 408, 413, 414, 431} <= set(tally.statuses), tally.statuses


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[CallsheetApp]:
    installation = make_installation(tmp_path_factory.mktemp("hostile"), template)
    chosen = Settings(database=installation.url)
    made = CallsheetApp(installation.live(options_of(chosen)), chosen)
    yield made
    made.stop()


def say(app: CallsheetApp, chunks: list[bytes], *, fast: bool) -> tuple[bytes, bool]:
    """What a connection answers to ``chunks``, and whether it is closed then."""

    async def talk() -> tuple[bytes, bool]:
        line = Line(app, fast=fast, max_header_bytes=32768, max_body_bytes=65536)
        await line.feed(chunks)
        line.protocol.connection_lost(None)
        return line.wire.sent, line.wire.closed

    return asyncio.run(talk())


GOOD: Final = (
    f"GET /v1/models?limit=1 HTTP/1.1\r\nhost: x\r\nx-api-key: {OWN}\r\nanthropic-version: 2023-06-01\r\n".encode()
)

anything = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=100).map(lambda junk: GOOD + junk + b"\r\n\r\n"),
    st.binary(max_size=100).map(lambda junk: GOOD + b"\r\n" + junk),
    st.binary(max_size=100).map(lambda junk: GOOD.replace(b"limit=1", b"after_id=" + junk) + b"\r\n"),
    st.binary(max_size=100).map(lambda junk: GOOD.replace(b"s?limit=1", b"s/" + junk) + b"\r\n"),
    st.binary(max_size=100).map(lambda junk: GOOD.replace(OWN.encode(), junk) + b"\r\n"),
    st.binary(max_size=50).map(lambda junk: GOOD + b"transfer-encoding: chunked\r\n\r\n" + junk),
)


@given(st.lists(anything, min_size=1, max_size=4), st.booleans())
@examples(5)
def test_bytes_of_any_kind_get_answers_that_are_answers(app: CallsheetApp, chunks: list[bytes], fast: bool) -> None:
    sent, _ = say(app, chunks, fast=fast)
    judge(b"".join(chunks), sent, [BROUGHT.encode(), THEIRS.encode()])


HIDDEN: Final = GOOD.replace(b"limit=1", b"limit=2") + b"\r\n"

#: Heads of which two servers could disagree where the request ends. The second begins where we must not believe it.
SMUGGLED: Final = {
    "a length and chunks": b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": b"content-length: 0\r\ncontent-length: 5\r\n\r\n",
    "a list of lengths": b"content-length: 0, 5\r\n\r\n",
    "a length with a sign": b"content-length: +5\r\n\r\nhello",
    "a length below nothing": b"content-length: -1\r\n\r\n",
    "a length in hexadecimal": b"content-length: 0x5\r\n\r\nhello",
    "a length beyond all": b"content-length: 18446744073709551617\r\n\r\n",
    "a length with a space before its colon": b"content-length : 5\r\n\r\nhello",
    "chunks that are something else": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunks that are not last": b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunks with a space before their colon": b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
    "chunks behind a vertical tab": b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "a chunk beyond all": b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n",
    "a chunk below nothing": b"transfer-encoding: chunked\r\n\r\n-1\r\n\r\n",
    "a chunk in C's hexadecimal": b"transfer-encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
    "a chunk that goes on": b"transfer-encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    "a line that ends in a bare line feed": b"x: y\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a line that ends in a bare carriage return": b"x: y\rtransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a name with a NUL": b"content-length\x00: 5\r\n\r\nhello",
    "a value with a NUL": b"x: \x00\r\n\r\n",
    "a folded line": b"x: y\r\n content-length: 5\r\n\r\nhello",
    "a first line that is folded": b" content-length: 5\r\n\r\nhello",
    "a line without a colon": b"content-length\r\n\r\n",
    "a body of a request for an upgrade": b"connection: upgrade\r\nupgrade: x\r\ncontent-length: 5\r\n\r\nhello",
    "two hosts": b"host: y\r\n\r\n",
}


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])
@pytest.mark.parametrize("trick", SMUGGLED)
def test_where_a_request_ends_in_doubt_nothing_behind_it_is_answered(
    app: CallsheetApp, trick: str, fast: bool
) -> None:
    stream = GOOD + SMUGGLED[trick] + HIDDEN
    for chunks in ([stream], [GOOD + SMUGGLED[trick], HIDDEN], [stream[:99], stream[99:]]):
        sent, closed = say(app, chunks, fast=fast)
        statuses = judge(stream, sent, [BROUGHT.encode()])
        assert closed
        assert statuses in ([400], [413], [200]), sent  # 200: its head was in order, and its body came too late
        assert sent.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("received", "told"),
    [
        (b"HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n", "status 500"),
        (b"HTTP/1.1 404 x\r\ncontent-length: 2\r\n\r\n{}", "without its envelope"),
        (b"HTTP/1.1 200 x\r\ncontent-length: 3\r\n\r\n{}", "breaks off"),
        (b"HTTP/1.1 200 x\r\n\r\n", "without a length"),
        (b"HTTP/1.1 200 x\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n", "repeats"),
        (b"garbage", "not an answer"),
        (b"HTTP/1.1 200 x\r\ncontent-length: 6\r\n\r\nsecret", "somebody else's"),
        (b"HTTP/1.1 200 x\r\ncontent-length: 0\r\n\r\n" * 3, "3 answers"),
    ],
)
def test_a_wrong_answer_is_found_to_be_one(received: bytes, told: str) -> None:
    with pytest.raises(WrongAnswerError, match=told):
        judge(b"GET / HTTP/1.1\r\n", received, [b"secret"])
