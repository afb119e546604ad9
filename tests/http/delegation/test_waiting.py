"""A request whose key is being asked about waits as bytes, and is answered, counted and logged as ever then."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callsheet.api.grants import Grants
from callsheet.domain.errors import SourceError
from callsheet.http.app import CallsheetApp
from callsheet.http.connection.asking import AskingProtocol
from callsheet.http.logs.access_line import Template
from callsheet.http.metrics.counters import Metrics
from callsheet.http.public.seen import SeenFilter
from callsheet.http.ratelimit.create import make_rate_limits
from callsheet.service.delegation.gateway import Gateway, LoopError, RefusedError
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.sources import SourcesService
from callsheet.settings import LogFormat, Settings
from callsheet.sources.upstream import Answer, Request, SourceKind
from tests.http.clock import ManualClock
from tests.http.connection.kept_log import KeptLog
from tests.http.plain import SECRET, ClockLoop, replies, run
from tests.http.wire import DATE, Line
from tests.installation import Installation
from tests.service.delegation.gateway import page
from tests.tiers import examples

GOOD: Final = "sk-good-0123456789"
ANOTHER: Final = "sk-another-good-one-0123456789"
WRONG: Final = "sk-wrong-0123456789"
AWAY: Final = "sk-away-0123456789"
LOOP: Final = "sk-loop-0123456789"

#: Longer than a caller waits for a gateway.
_LATE_SECONDS: Final = 2.6
#: Rounds of the event loop in which whatever can happen has happened.
_ROUNDS: Final = 40

LIMITS: Final = {
    "rate_limit_key": "4/minute",
    "rate_limit_address": "6/minute",
    "rate_limit_failures": "2/minute",
}


class _Log(KeptLog):
    """Keeps how long answers took, too."""

    def add(self, template: Template, request_id: bytes, seconds: float, client: str) -> None:
        super().add(template, request_id, seconds, client)
        self.kept[-1]["duration_us"] = seconds


class Rig(NamedTuple):
    """An app, and the gateway that it asks, which answers while its gate is open."""

    app: CallsheetApp
    clock: ManualClock
    settings: Settings
    gates: list[asyncio.Event]
    asked: list[tuple[str, int]]
    """The keys that it was asked about, and how many installations asked before this one."""


@pytest.fixture(
    scope="module",
    params=[(True, {}), (False, LIMITS)],
    ids=["all come again", "all come once, limited"],
)
def rig(
    tmp_path_factory: pytest.TempPathFactory, _template: object, request: pytest.FixtureRequest
) -> Iterator[Rig]:
    """An app that asks about keys; its clock is moved, and shows how long answers took.

    What comes again is answered otherwise, and each driver remembers that for itself.
    """
    comes_again, more = request.param
    path = tmp_path_factory.mktemp("waiting") / "callsheet.db"
    shutil.copy(Path(str(_template)), path)
    installation = Installation(f"sqlite:///{path}")
    installation.key(secret=SECRET)
    clock = ManualClock(1_800_000_000.0)
    config = SourceConfig(kind=SourceKind.OPENAI, url="http://gateway.test", asks_keys=True, every_seconds=0)
    SourcesService(installation.store, "test", clock.clock.now).add("gateway", config)
    settings_ = Settings(database=installation.url, access_log=LogFormat.JSON, **more)
    gates: list[asyncio.Event] = []
    asked: list[tuple[str, int]] = []

    async def fetch(
        _: Gateway, _source: object, headers: Mapping[str, str], _id: str, asked_by: str, _client: bytes = b""
    ) -> tuple[Answer, ...]:
        key = headers.get("x-api-key") or headers["authorization"].removeprefix("Bearer ")
        asked.append((key, asked_by.count(",")))
        await gates[-1].wait()
        if key == LOOP:
            raise LoopError("The gateway is this installation.")
        if key == AWAY:
            raise SourceError("The gateway is away.")
        if key not in (GOOD, ANOTHER):
            raise RefusedError(401)
        models = ["alpha", "beta"] if key == GOOD else ["gamma"]
        return (Answer(Request("GET", "/v1/models"), 200, {}, page(models).body),)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gateway, "fetch", fetch)
        for name in ("__contains__", "add"):
            patch.setattr(SeenFilter, name, lambda *_: comes_again)
        patch.setattr(CallsheetApp, "start", lambda _: None)
        stepped = clock.clock._replace(perf_counter=lambda: clock.now)
        yield Rig(installation.app(settings_, stepped), clock, settings_, gates, asked)
    installation.close()


class Talk:
    """One connection to the app, to which one thing happens after the other."""

    def __init__(self, rig: Rig, loop: ClockLoop, *, fast: bool) -> None:
        rig.app.live.current = replace(rig.app.live.current, grants=Grants(b"k" * 32))
        rig.app.public.forget_answers()
        rig.app.observer.metrics = Metrics()
        self.log = rig.app.observer.log = _Log()
        rig.app.keys.loaded = None  # which knows how the gateway is
        rig.asked.clear()
        rig.clock.now = 1_800_000_000.0
        limits = rig.settings
        rates = limits.rate_limit_key, limits.rate_limit_address, limits.rate_limit_failures
        stores = make_rate_limits(*rates, storage="memory://", clock=rig.app.clock) if any(rates) else None
        rig.app.rate_limits = rig.app.public.rate_limits = stores
        self.gate = asyncio.Event()
        rig.gates.append(self.gate)
        self.line = Line(rig.app, fast=fast, peer=("127.0.0.1", 50_000), forwarded_allow_ips=["127.0.0.1"])
        self._rig = rig
        self._loop = loop
        self._has_ended = False

    async def let(self, event: bytes | str) -> tuple[bytes, bool]:
        """Let bytes arrive, or something else happen; return what was said up to now, and whether that was all."""
        if event == "late":
            self._rig.clock.now += _LATE_SECONDS
            await self._loop.pass_(_LATE_SECONDS)
        elif event == "answer":
            self.gate.set()
        elif event in ("sweep", "drain", "stop", "leave"):
            self._do(event)
        elif not self.line.wire.closed and not self._has_ended:
            self._send(event)
        for _ in range(_ROUNDS):
            await asyncio.sleep(0)
        return self.line.said

    def _do(self, what: object) -> None:
        protocol: Any = self.line.protocol
        match what:
            case "sweep":
                protocol.check_time(self._loop.now + _LATE_SECONDS, 0.1)
            case "drain":
                self.line.config.drain()
            case "stop":
                protocol.shutdown()
            case "leave":
                self._has_ended = True
                self.line.wire.close()
                protocol.connection_lost(None)

    def _send(self, what: bytes | str) -> None:
        protocol: Any = self.line.protocol
        if isinstance(what, bytes):
            protocol.data_received(what)
        else:
            self._has_ended = True
            if not protocol.eof_received():
                self.line.wire.close()


def _record(rig: Rig, events: list[bytes | str], *, fast: bool) -> object:
    async def talk(loop: ClockLoop) -> object:
        here = Talk(rig, loop, fast=fast)
        left = events.index("leave") + 1 if "leave" in events else len(events)
        said = [await here.let(event) for event in (*events[:left], "answer")]
        await here.line.settle()
        await rig.app.keys.close()
        answers = {str(series): count for series, count in rig.app.observer.metrics.figures().items()}
        counted = {name: count for name, count in answers.items() if "callsheet_requests_total" in name}
        return said, here.log.kept, counted, rig.asked[:], here.line.state.total_requests

    return run(talk)


def _assert_alike(rig: Rig, events: list[bytes | str]) -> None:
    assert _record(rig, events, fast=True) == _record(rig, events, fast=False), events


def asking(key: str, *lines: str, target: str = "/v1/models", version: str = "1.1") -> bytes:
    """A request with ``key``."""
    head = [f"GET {target} HTTP/{version}", "host: test", f"authorization: Bearer {key}", *lines, "", ""]
    return "\r\n".join(head).encode()


def two(key: str) -> tuple[str, str]:
    """Lines of a request that carry another key, which is the caller's if it is valid."""
    return f"x-api-key: {key}", "anthropic-version: 2023-06-01"


requests = st.builds(
    lambda key, lines, target, version: asking(key, *lines, target=target, version=version),
    st.sampled_from([GOOD, GOOD, WRONG, AWAY, LOOP, SECRET, f"{GOOD}\xe9".encode().decode("latin-1")]),
    st.lists(
        st.sampled_from(
            [
                "anthropic-version: 2023-06-01",
                "connection: close",
                "content-length: 0",
                "accept-encoding: gzip",
                "x-forwarded-for: 203.0.113.9",
                "callsheet-asked-by: other-0123",
                "if-none-match: *",
                f"x-api-key: {WRONG}",
                f"x-api-key: {ANOTHER}",
            ]
        ),
        max_size=3,
        unique=True,
    ),
    st.sampled_from(["/v1/models"] * 3 + ["/v1/models/alpha", "/v1/models?limit=0", "/v1/nothing", "/healthz"]),
    st.sampled_from(["1.1"] * 5 + ["1.0"]),
)
happenings = st.sampled_from(["answer", "answer", "late", "sweep", "end", "drain", "stop", "leave"])


@given(st.lists(st.one_of(requests, requests, happenings), min_size=1, max_size=7))
@example([asking(GOOD), "answer", asking(GOOD)])
@example([asking(GOOD), "late", "answer", asking(GOOD)])
@example([asking(GOOD), "leave"])
@example([asking(GOOD), "end", "answer"])
@example([asking(GOOD), "drain", "stop", "answer"])
@example([asking(GOOD), "sweep", "answer"])
@example([asking(AWAY), asking(WRONG), "answer", asking(GOOD)])
@example([asking(WRONG), "answer", asking(WRONG), asking(WRONG)])
@example(["answer", asking(LOOP), asking(GOOD), asking(GOOD), asking(GOOD)])
@example([asking(GOOD, "callsheet-asked-by: other-0123"), "answer"])
@example(["answer", asking(GOOD), asking(GOOD, *two(ANOTHER)), asking(GOOD, *two(ANOTHER)), asking(GOOD)])
@example(["answer", asking(GOOD), asking(GOOD, *two(WRONG)), asking(GOOD, *two(LOOP)), asking(GOOD, *two(WRONG))])
@example(
    ["answer", asking(GOOD), asking(GOOD, *two(ANOTHER), "callsheet-asked-by: x-0"), asking(GOOD, *two(ANOTHER))]
)
@example(["answer", asking(SECRET, *two(ANOTHER)), asking(ANOTHER), asking(SECRET, *two(ANOTHER))])
@examples(3)
def test_whatever_happens_while_requests_wait_all_is_as_on_the_ordinary_path(
    rig: Rig, events: list[bytes | str]
) -> None:
    _assert_alike(rig, events)


@given(
    st.lists(requests, min_size=1, max_size=3),
    st.lists(st.floats(0, 1), max_size=4),
    st.one_of(st.none(), st.tuples(st.integers(0, 500), st.binary(min_size=1, max_size=3))),
)
@examples(2)
def test_requests_that_come_in_pieces_or_damaged_are_answered_alike(
    rig: Rig, stream: list[bytes], cuts: list[float], damage: tuple[int, bytes] | None
) -> None:
    whole = b"".join(stream)
    if damage is not None:
        place = damage[0] % len(whole)
        whole = whole[:place] + damage[1] + whole[place + len(damage[1]) :]
    places = sorted({0, len(whole), *(int(cut * len(whole)) for cut in cuts)})
    _assert_alike(rig, [asking(GOOD), *[whole[start:stop] for start, stop in pairwise(places)]])


@pytest.mark.parametrize("behind", [b"\r\n", b"GET", b"\x00", asking(SECRET), asking(GOOD) + asking(WRONG)])
def test_what_arrives_behind_a_request_that_waits_is_answered_alike(rig: Rig, behind: bytes) -> None:
    _assert_alike(rig, [asking(GOOD), behind, "answer", asking(GOOD)])


def test_a_request_waits_without_a_cycle_and_takes_the_fast_path_then(rig: Rig) -> None:
    async def talk(loop: ClockLoop) -> None:
        here = Talk(rig, loop, fast=True)
        protocol = here.line.protocol
        assert await here.let(asking(GOOD)) == (b"", False)
        assert isinstance(protocol, AskingProtocol)
        assert protocol.waiting is not None
        await here.let("answer")
        (reply,) = replies(here.line.wire.sent)
        assert [each["id"] for each in reply.json["data"]] == ["alpha", "beta"]
        assert {protocol.cycle, protocol.waiting} == {None}
        assert not any(rig.app.observer.metrics.ordinary.values())
        assert not here.line.state.tasks
        await rig.app.keys.close()

    run(talk)


@pytest.mark.parametrize(
    ("key", "event", "status"), [(WRONG, "answer", 401), (AWAY, "answer", 529), (GOOD, "late", 529)]
)
def test_a_request_that_waited_is_refused_without_a_cycle(rig: Rig, key: str, event: str, status: int) -> None:
    """Else a crowd of keys that are wrong, or of a slow gateway, would hold up callers who are known."""

    async def talk(loop: ClockLoop) -> None:
        here = Talk(rig, loop, fast=True)
        await here.let(asking(key))
        await here.let(event)
        assert [reply.status for reply in replies(here.line.wire.sent)] == [status]
        assert here.line.protocol.cycle is None
        assert not any(rig.app.observer.metrics.ordinary.values())
        assert rig.asked == [(key, 0)]
        await rig.app.keys.close()

    run(talk)


@pytest.mark.parametrize(("key", "event", "status"), [(WRONG, "answer", 401), (GOOD, "late", 529)])
def test_a_fault_while_a_request_that_waited_is_refused_costs_no_answer(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, key: str, event: str, status: int
) -> None:
    async def talk(loop: ClockLoop) -> None:
        here = Talk(rig, loop, fast=True)
        monkeypatch.setattr(here.line.config.fast_path, "respond", lambda *_: 1 / 0)
        await here.let(asking(key))
        await here.let(event)
        assert [reply.status for reply in replies(here.line.wire.sent)] == [status]
        assert rig.app.observer.metrics.fast_path_errors == 1
        await rig.app.keys.close()

    run(talk)


def test_many_connections_with_one_key_wait_for_one_question(rig: Rig) -> None:
    async def talk(loop: ClockLoop) -> None:
        here = Talk(rig, loop, fast=True)
        await here.let(asking(GOOD))
        wires = [here.line.wire, *[here.line.another(asking(GOOD)) for _ in range(3)]]
        await here.let("answer")
        assert [replies(wire.sent)[0].status for wire in wires] == [200] * 4
        assert rig.asked == [(GOOD, 0)]
        await rig.app.keys.close()

    run(talk)


def test_an_answer_that_was_waited_for_is_the_last_one_of_a_server_that_stops(rig: Rig) -> None:
    async def talk(loop: ClockLoop) -> None:
        here = Talk(rig, loop, fast=True)
        await here.let(asking(GOOD))
        await here.let("drain")
        here.line.state.default_headers = [DATE, (b"connection", b"close")]  # as uvicorn does within a second
        await here.let("answer")
        (reply,) = replies(here.line.wire.sent)
        assert (reply.status, reply.headers["connection"]) == (200, "close")
        assert here.line.wire.closed
        await rig.app.keys.close()

    run(talk)


def test_a_request_that_waited_takes_the_ordinary_path_while_too_much_is_left_unread(rig: Rig) -> None:
    async def talk(loop: ClockLoop) -> None:
        here = Talk(rig, loop, fast=True)
        await here.let(asking(GOOD))
        here.line.config.unread.change(here.line.config.limits.max_unread_bytes + 1)
        assert here.line.config.unread.is_full
        await here.let("answer")
        assert here.line.protocol.cycle.response_complete
        assert [reply.status for reply in replies(here.line.wire.sent)] == [200]
        await rig.app.keys.close()

    run(talk)


def test_a_check_that_the_server_cancels_ends_its_connection(rig: Rig) -> None:
    async def talk(loop: ClockLoop) -> None:
        here = Talk(rig, loop, fast=True)
        await here.let(asking(GOOD))
        for task in here.line.state.tasks:
            task.cancel()
        await here.let("late")
        assert here.line.said == (b"", True)
        assert not here.line.state.tasks
        await rig.app.keys.close()

    run(talk)
