"""The fast protocol says, byte for byte, what uvicorn's own path through the app says, and logs the same."""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callsheet.http.app import CallsheetApp
from callsheet.http.public.seen import SeenFilter
from callsheet.http.ratelimit.create import make_rate_limits
from callsheet.settings import LogFormat, Settings
from tests.http.clock import ManualClock
from tests.http.connection.kept_log import KeptLog
from tests.http.wire import Line
from tests.installation import Installation
from tests.tiers import examples

SECRET = "sk-differential-0123456789"

TARGETS = [
    "/v1/models",
    "/v1/models?limit=2",
    "/v1/models?limit=2&after_id=claude-opus-5",
    "/v1/models?limit=0",
    "/v1/models/",
    "/v1/models/claude-opus-4-5",
    "/v1/models/no-such-model",
    "/v1/models/claude%2Dopus%2D5",
    "/v1/models/%ff",
    "/v1/models/%zz",
    "/v1/v1/models",
    "/v1/models#fragment",
    "/v1/models?limit=1#fragment",
    "/v1/nothing",
    "/healthz",
    "/",
    "*",
    "http://callsheet/v1/models",
    "/v1/models?" + "x" * 600,
    "/v1/models?\u00e9",
    "/v1/models?a\tb",
    "/v1/mod els",
    "",
]
HEADERS = [
    "Host: callsheet",
    "host:callsheet",
    f"x-api-key: {SECRET}",
    f"X-API-Key:   {SECRET}  ",
    f"Authorization: Bearer {SECRET}",
    "authorization: Bearer wrong",
    "x-api-key: wrong",
    "anthropic-version: 2023-06-01",
    "anthropic-version: 2026-10-21",
    "anthropic-version: 1999-01-01",
    "anthropic-beta: a,b",
    "anthropic-workspace-id: wrkspc_none",
    "accept-encoding: gzip",
    "accept-encoding: gzip;q=0, br",
    'if-none-match: "x"',
    "if-none-match: *",
    "origin: https://app.example",
    "connection: keep-alive",
    "connection: close",
    "Connection: Upgrade",
    "upgrade: websocket",
    "expect: 100-continue",
    "content-length: 0",
    "content-length: 5",
    "content-length: x",
    "transfer-encoding: chunked",
    "te: trailers",
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "X-Forwarded-For: 203.0.113.9",
    "x-forwarded-for: 198.51.100.7:1234, 127.0.0.1",
    "x-forwarded-for: [2001:db8::7]:80,10.0.0.7",
    "x-forwarded-for:",
    "x-forwarded-proto: https",
    "x-real-ip: 203.0.113.9",
    "x-request-id: 7c9e6679b2f84d01",
    "x-empty:",
    "x-latin: \u00e9",
    "x-folded: a\r\n b",
    "bad header: x",
    "no-colon",
    ": no name",
    "x-nul: a\x00b",
    "x-long: " + "y" * 5000,
]
GOOD = ["Host: callsheet", f"x-api-key: {SECRET}", "anthropic-version: 2023-06-01"]

requests = st.builds(
    lambda method, target, version, headers, end, body: (
        f"{method} {target} {version}{end}" + "".join(f"{line}{end}" for line in headers) + end + body
    ).encode("latin-1"),
    st.sampled_from(["GET"] * 6 + ["HEAD", "POST", "OPTIONS", "get", "CONNECT"]),
    st.sampled_from(TARGETS),
    st.sampled_from(["HTTP/1.1"] * 8 + ["HTTP/1.0", "HTTP/1.0", "HTTP/2.0", "http/1.1", "HTTP/1.1 "]),
    st.one_of(
        st.lists(st.sampled_from(HEADERS), max_size=6).map(lambda more: [*GOOD, *more]),
        st.lists(st.sampled_from(HEADERS), max_size=8),
    ),
    st.sampled_from(["\r\n"] * 12 + ["\n"]),
    st.sampled_from([""] * 6 + ["hello", "5\r\nhello\r\n0\r\n\r\n", "\r\n"]),
)
streams = st.lists(requests, min_size=1, max_size=4)

#: Rates that are reached in a stream now and then.
LIMITS = {"rate_limit_key": "4/minute;5/hour", "rate_limit_address": "5/minute", "rate_limit_failures": "2/minute"}
AS_DEPLOYED: dict[str, Any] = {"access_log": LogFormat.JSON, **LIMITS}


class Apps(NamedTuple):
    """An app, and the settings of which each stream gets fresh counts."""

    app: CallsheetApp
    settings: Settings


@pytest.fixture(
    scope="module",
    params=[(True, {}), (False, {}), (True, AS_DEPLOYED), (False, AS_DEPLOYED)],
    ids=["all come again", "all come once", "all come again, as deployed", "all come once, as deployed"],
)
def apps(
    tmp_path_factory: pytest.TempPathFactory, _template: object, request: pytest.FixtureRequest
) -> Iterator[Apps]:
    """An app; what comes again is answered otherwise, and each driver remembers that for itself."""
    import shutil
    from pathlib import Path

    path = tmp_path_factory.mktemp("differential") / "callsheet.db"
    shutil.copy(Path(str(_template)), path)
    installation = Installation(f"sqlite:///{path}")
    installation.key(secret=SECRET)
    comes_again, more = request.param
    settings_ = Settings(database=installation.url, max_url_bytes=512, cors_origins=["https://app.example"], **more)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("__contains__", "add"):
            patch.setattr(SeenFilter, name, lambda *_: comes_again)
        patch.setattr(CallsheetApp, "start", lambda _: None)  # a thread would compress a page between two answers
        yield Apps(installation.app(settings_), settings_)
    installation.close()


def _say(apps: Apps, chunks: Sequence[bytes], *, fast: bool) -> tuple[bytes, bool, list[dict[str, Any]]]:
    app, chosen = apps
    clock = ManualClock(1_800_000_000.0).clock
    rates = chosen.rate_limit_key, chosen.rate_limit_address, chosen.rate_limit_failures
    limits = make_rate_limits(*rates, storage="memory://", clock=clock) if any(rates) else None
    app.rate_limits = app.public.rate_limits = limits
    log = app.observer.log = KeptLog() if chosen.access_log is not LogFormat.OFF else None

    async def talk() -> tuple[bytes, bool]:
        peer = ("127.0.0.1", 50_000)
        line = Line(app, fast=fast, peer=peer, forwarded_allow_ips=["127.0.0.1", "10.0.0.0/8"])
        await line.feed(chunks)
        said = line.said
        line.protocol.connection_lost(None)
        return said

    return *asyncio.run(talk()), [] if log is None else log.kept


def _assert_alike(apps: Apps, chunks: Sequence[bytes]) -> None:
    assert _say(apps, chunks, fast=True) == _say(apps, chunks, fast=False), chunks


@given(streams)
@example([b"GET /v1/models HTTP/1.1\r\n\r\n"])
@examples(6)
def test_requests_that_come_one_by_one_are_answered_alike(apps: Apps, stream: list[bytes]) -> None:
    _assert_alike(apps, stream)


@given(streams)
@examples(3)
def test_requests_that_come_all_at_once_are_answered_alike(apps: Apps, stream: list[bytes]) -> None:
    _assert_alike(apps, [b"".join(stream)])


@given(streams, st.lists(st.floats(0, 1), min_size=1, max_size=5))
@examples(3)
def test_requests_that_come_in_pieces_are_answered_alike(
    apps: Apps, stream: list[bytes], cuts: list[float]
) -> None:
    whole = b"".join(stream)
    places = sorted({0, len(whole), *(int(cut * len(whole)) for cut in cuts)})
    _assert_alike(apps, [whole[start:stop] for start, stop in pairwise(places)])


@given(streams, st.integers(0, 10_000), st.binary(max_size=3))
@examples(3)
def test_requests_with_bytes_damaged_are_answered_alike(
    apps: Apps, stream: list[bytes], place: int, damage: bytes
) -> None:
    whole = b"".join(stream)
    place %= len(whole)
    _assert_alike(apps, [whole[:place] + damage + whole[place + len(damage) :]])


def test_a_request_cut_at_every_point_is_answered_alike(apps: Apps) -> None:
    whole = ("GET /v1/models?limit=1 HTTP/1.1\r\n" + "\r\n".join(GOOD) + "\r\n\r\n").encode()
    for place in range(1, len(whole)):
        _assert_alike(apps, [whole[:place], whole[place:], whole])


FORMS = {
    "plain": GOOD,
    "OpenAI's": ["Host: callsheet", f"Authorization: Bearer {SECRET}"],
    "held already": [*GOOD, "if-none-match: *"],
    "for another site": [*GOOD, "origin: https://app.example"],
    "compressed": [*GOOD, "accept-encoding: gzip"],
}


@pytest.mark.parametrize("proxied", [False, True], ids=["alone", "behind a proxy"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_requests_of_one_client_are_answered_alike_again_and_again(
    apps: Apps, form: str, version: str, proxied: bool
) -> None:
    def request(number: int) -> bytes:
        added = [f"X-Forwarded-For: 203.0.113.{number % 2}", "X-Forwarded-Proto: https", f"X-Request-ID: {number}"]
        lines = [FORMS[form][0], *added * proxied, *FORMS[form][1:], *[f"traceparent: {number}"] * proxied]
        return "\r\n".join([f"GET /v1/models?limit=2 {version}", *lines, "", ""]).encode()

    _assert_alike(apps, [request(number) for number in range(5)])
