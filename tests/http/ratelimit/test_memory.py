"""Counting in memory: windows that begin and end, and never more of them than there is room for."""

import asyncio
import sys

import pytest
from limits import parse

from callsheet.api.request import Request
from callsheet.domain.errors import SettingsError
from callsheet.http.ratelimit.create import make_rate_limits
from callsheet.http.ratelimit.limiter import ADDRESS, FAILURES, KEY, RateLimits
from callsheet.http.ratelimit.memory import Counters
from callsheet.http.ratelimit.redis import SharedLimits
from tests.api.states import make_state
from tests.http.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_800_000_000.0)


def limits_of(clock: ManualClock, address: str, failures: str = "") -> RateLimits:
    """Limits of addresses, counted in memory by ``clock``."""
    return make_rate_limits("", address, failures, storage="memory://", clock=clock.clock)


def test_a_window_begins_with_the_first_and_ends_for_all(clock: ManualClock) -> None:
    async def count() -> None:
        counters = Counters(clock.clock)
        assert await counters.incr("a", 10) == 1
        clock.now += 9
        assert await counters.incr("a", 10) == 2
        assert (await counters.get("a"), await counters.get_expiry("a")) == (2, 1_800_000_010.0)
        clock.now += 1
        assert (await counters.get("a"), await counters.get_expiry("a")) == (0, clock.now)
        assert await counters.incr("a", 10) == 1

    asyncio.run(count())


def test_windows_of_different_lengths_do_not_keep_each_other(clock: ManualClock) -> None:
    async def count() -> None:
        counters = Counters(clock.clock)
        await counters.incr("day", 86400)
        for second in range(50):
            await counters.incr(f"second {second}", 1)
            clock.now += 1
        assert await counters.get("day") == 1
        assert await counters.get("second 49") == 0
        await counters.incr("last", 1)
        assert await counters.reset() == 2  # of all those, these two were still held
        assert await counters.get("day") == 0

    asyncio.run(count())


def test_there_are_never_more_than_there_is_room_for_and_the_oldest_go(
    clock: ManualClock,
) -> None:
    async def count() -> None:
        counters = Counters(clock.clock, max_windows=100)
        for number in range(1000):
            await counters.incr(f"10.0.{number}", 60)
        assert await counters.get("10.0.0") == 0
        assert await counters.get("10.0.999") == 1
        assert await counters.reset() == 101

    asyncio.run(count())


def test_what_is_cleared_is_forgotten_and_nothing_else(clock: ManualClock) -> None:
    async def count() -> None:
        counters = Counters(clock.clock)
        await counters.incr("a", 60)
        await counters.incr("b", 60, 5)
        await counters.clear("a")
        assert (await counters.get("a"), await counters.get("b")) == (0, 5)
        assert await counters.check()

    asyncio.run(count())


def refused_for(limits: RateLimits, address: str) -> float | None:
    """After how many seconds a request is told to come again; None if it is let in."""
    request = Request("GET", b"/v1/models", b"", (), 0.0, "req_01")
    error = asyncio.run(limits.check(make_state(), request, address))
    return None if error is None else error.retry_after


def refused(limits: RateLimits, address: str) -> bool:
    return refused_for(limits, address) is not None


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_clock_that_is_set_shuts_nobody_out_and_lets_nobody_in(clock: ManualClock, hours: int) -> None:
    limits = limits_of(clock, "2/minute")
    assert not refused(limits, "203.0.113.1")
    clock.now += 10
    clock.set_by = hours * 3600
    assert [refused_for(limits, "203.0.113.1") for _ in range(3)] == [None, 50, 50]
    clock.now += 49
    clock.set_by = 0
    assert refused_for(limits, "203.0.113.1") == 1
    clock.now += 1
    assert not refused(limits, "203.0.113.1")


def test_a_flood_of_addresses_is_refused_address_by_address(clock: ManualClock) -> None:
    rates = {KEY: [], ADDRESS: [parse("1/minute")], FAILURES: []}
    limits = RateLimits(rates, Counters(clock.clock), clock.clock, max_barred=100)
    addresses = [f"10.0.{number // 250}.{number % 250}" for number in range(500)]
    assert not any(refused(limits, address) for address in addresses)
    assert all(refused(limits, address) for address in addresses)
    assert all(refused(limits, address) for address in addresses)  # also those that it cannot all remember
    assert len(limits._barred) <= 100
    clock.now += 60
    assert not any(refused(limits, address) for address in addresses)


def test_what_a_proxy_says_instead_of_an_address_is_cut_to_a_length(clock: ManualClock) -> None:
    limits = limits_of(clock, "1/minute")
    assert not refused(limits, "x" * 100_000)
    assert refused(limits, "x" * 64 + "and more")


def test_a_caller_without_an_address_is_no_address(clock: ManualClock) -> None:
    limits = limits_of(clock, "1/minute", "1/minute")
    assert not any(refused(limits, "") for _ in range(5))  # everybody comes through the same Unix socket


@pytest.mark.parametrize(
    "url",
    ["redis://localhost:port", "redis://localhost/0?nonsense=1", "valkey://:hunter2@[::1", "rediss://h:99999999"],
)
def test_a_storage_with_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^rate_limit_storage is not a usable URL: .*\.$") as caught:
        make_rate_limits("1/minute", "", "", storage=url)
    assert "hunter2" not in str(caught.value)


def test_a_storage_whose_package_is_missing_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(SettingsError, match=r"install callsheet\[redis\]"):
        make_rate_limits("1/minute", "", "", storage="redis://localhost")


def test_an_outage_is_one_outage_however_many_requests_notice(caplog: pytest.LogCaptureFixture) -> None:
    limits = make_rate_limits("1/minute", "1/minute", "", storage="redis://127.0.0.1:1")
    request = Request("GET", b"/v1/models", b"", (), 0.0, "req_01")

    async def ask() -> None:
        asked = [limits.check(make_state(), request, f"203.0.113.{number}") for number in range(100)]
        assert await asyncio.gather(*asked) == [None] * 100
        await limits.close()

    asyncio.run(ask())
    asyncio.run(ask())  # in another loop, which is none of its business
    assert isinstance(limits, SharedLimits)
    assert limits._pause == 1.0  # and not doubled a hundred times
    (record,) = caplog.records
    assert record.getMessage().startswith("The storage of rate limits cannot be used (")
