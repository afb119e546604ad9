"""What a delegated key was granted ends in the very second that it is to, in both drivers, and reaches no other."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from callsheet.api.grants import Grants, Verdict
from callsheet.domain.access.delegation import Delegation, KeyMode
from callsheet.domain.access.grant import GrantedModels
from callsheet.http.app import CallsheetApp
from tests.doors import Reply
from tests.http.clock import ManualClock
from tests.http.plain import SECRET, ClockLoop, make_app, replies, run
from tests.http.wire import Line
from tests.installation import Installation, make_model

ONE, OTHER = "sk-gw-one", "sk-gw-other"
VERSION = "anthropic-version: 2023-06-01"

DRIVERS = pytest.mark.parametrize("fast", [True, False], ids=["fast", "plain"])


def _x_api_key(secret: str) -> tuple[str, ...]:
    return f"x-api-key: {secret}", VERSION


def _openai(secret: str) -> tuple[str, ...]:
    return (f"authorization: Bearer {secret}",)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def app(installation: Installation, clock: ManualClock) -> CallsheetApp:
    """An app that asks no gateway: it knows what a test puts into its grants, and nothing else."""
    installation.add(*(make_model(f"m{number}") for number in range(4)))
    made = make_app(installation, clock)
    made.live.refresh()
    made.public.keys = None
    made.live.current = replace(
        made.live.current, delegation=Delegation("gateway", KeyMode.FILL), grants=Grants(b"k" * 32)
    )
    return made


def _accept(app: CallsheetApp, secret: str, names: Iterable[str], now: float, until: float) -> None:
    models = GrantedModels(make_model(name) for name in names)
    app.live.current.grants.put(secret.encode(), Verdict.ACCEPTED, models, now, until)


async def _ask(line: Line, *lines: str, times: int = 4) -> list[Reply]:
    """The answers to one request, time after time; every second time, it has a trace that no request had before."""
    before = len(line.wire.sent)
    for number in range(times):
        head = ["GET /v1/models?limit=1000 HTTP/1.1", "host: x", *lines, f"traceparent: {number // 2}", "", ""]
        await line.feed(["\r\n".join(head).encode()])
    return replies(line.wire.sent[before:])


def _names(found: list[Reply]) -> list[str]:
    """The ids in every one of equal answers."""
    bodies = {reply.body for reply in found}
    assert len(bodies) == 1
    return sorted(row["id"] for row in found[0].json["data"])


@DRIVERS
@pytest.mark.parametrize("headers", [_x_api_key, _openai])
def test_a_grant_ends_on_the_second(
    app: CallsheetApp, clock: ManualClock, fast: bool, headers: Callable[[str], tuple[str, ...]]
) -> None:
    lines = headers(ONE)
    until = float(int(clock.now) + 60)
    _accept(app, ONE, ["m0", "m2"], clock.now, until)

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        assert _names(await _ask(line, *lines)) == ["m0", "m2"]
        assert app.observer.metrics.cache_hits or headers is _openai
        clock.now = until - 0.001
        assert [reply.status for reply in await _ask(line, *lines)] == [200] * 4
        clock.now = until
        assert [reply.status for reply in await _ask(line, *lines)] == [401] * 4
        assert [reply.status for reply in await _ask(Line(app, fast=fast), *lines)] == [401] * 4

    run(talk)


@DRIVERS
def test_a_renewed_grant_replaces_what_was_answered_before(
    app: CallsheetApp, clock: ManualClock, fast: bool
) -> None:
    until = clock.now + 60
    _accept(app, ONE, ["m0", "m1"], clock.now, until)

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        assert _names(await _ask(line, *_x_api_key(ONE))) == ["m0", "m1"]
        clock.now = until
        _accept(app, ONE, ["m1", "m3"], clock.now, until + 60)
        assert _names(await _ask(line, *_x_api_key(ONE))) == ["m1", "m3"]
        clock.now = until + 59.999
        assert _names(await _ask(line, *_x_api_key(ONE))) == ["m1", "m3"]
        clock.now = until + 60
        app.live.current.grants.put(ONE.encode(), Verdict.REFUSED, None, clock.now, clock.now + 10)
        assert [reply.status for reply in await _ask(line, *_x_api_key(ONE))] == [401] * 4

    run(talk)


@DRIVERS
def test_two_keys_that_ask_in_turn_on_one_connection_each_see_their_own(
    app: CallsheetApp, clock: ManualClock, fast: bool
) -> None:
    until = clock.now + 60
    granted = {ONE: ["m0", "m1", "x0"], OTHER: ["m1", "x1"]}
    for secret, names in granted.items():
        _accept(app, secret, names, clock.now, until)

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        for _turn in range(3):
            for secret, names in granted.items():
                for headers in (_x_api_key, _openai):
                    found = await _ask(line, *headers(secret))
                    assert _names(found) == names
                    etag = found[0].headers["etag"]
                    for other in granted:
                        (again,) = await _ask(line, *headers(other), f"if-none-match: {etag}", times=1)
                        assert again.status == (304 if other == secret else 200)
        assert "m3" in _names(await _ask(line, *_x_api_key(SECRET)))

    run(talk)


@DRIVERS
def test_a_known_delegated_key_is_answered_from_the_same_caches_as_a_local_one(
    app: CallsheetApp, clock: ManualClock, fast: bool
) -> None:
    _accept(app, ONE, ["m0", "m1"], clock.now, clock.now + 60)

    async def talk(_: ClockLoop) -> None:
        line, hits = Line(app, fast=fast), []
        for secret in (SECRET, ONE):
            before = app.observer.metrics.cache_hits
            await _ask(line, *_x_api_key(secret), times=8)
            hits.append(app.observer.metrics.cache_hits - before)
        assert hits[0] == hits[1] > 0

    run(talk)


@DRIVERS
def test_a_clock_that_is_set_back_ends_what_the_gateway_granted(
    app: CallsheetApp, clock: ManualClock, fast: bool
) -> None:
    _accept(app, ONE, ["m1"], clock.now, clock.now + 60)

    async def talk(_: ClockLoop) -> None:
        line = Line(app, fast=fast)
        assert {reply.status for reply in await _ask(line, *_x_api_key(ONE))} == {200}
        clock.set_by = -0.5
        await line.config._sweep()
        assert {reply.status for reply in await _ask(line, *_x_api_key(ONE))} == {200}, "clocks drift"
        clock.set_by = -3600
        await line.config._sweep()
        assert {reply.status for reply in await _ask(line, *_x_api_key(ONE))} == {401}
        last = app.live.current.grants.last(ONE.encode())
        assert last is not None
        assert last.accepted_at == clock.now - 3600

    run(talk)
