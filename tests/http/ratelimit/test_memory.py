"""Counting in memory: windows that begin and end, and never more of them than there is room for."""

import asyncio
import sys
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from callsheet.api.request import Request
from callsheet.domain.errors import SettingsError
from callsheet.http.ratelimit.create import make_rate_limits
from callsheet.http.ratelimit.limiter import ADDRESS, FAILURES, KEY, RateLimits
from callsheet.http.ratelimit.memory import MemoryLimits, Windows
from callsheet.http.ratelimit.redis import SharedLimits
from tests.api.states import make_state
from tests.http.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_800_000_000.0)


def limits_of(clock: ManualClock, address: str, failures: str = "") -> RateLimits:
    """Limits of addresses, counted in memory by ``clock``."""
    return make_rate_limits("", address, failures, storage="memory://", clock=clock.clock)


@given(
    st.integers(1, 4),
    st.sampled_from([1, 5, 60]),
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, 0, 0, 0.5, 1, 4.5, 30, 60])), max_size=40),
)
def test_the_counts_are_those_of_the_library(amount: int, seconds: int, requests: list[tuple[str, float]]) -> None:
    rate = RateLimitItemPerSecond(amount, seconds)
    ours = Windows(rate.amount, rate.get_expiry())
    clock = ManualClock(1_800_000_000.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("limits.storage.memory.time", SimpleNamespace(time=lambda: clock.now))
        patch.setattr(MemoryStorage, "_MemoryStorage__schedule_expiry", lambda _: None)  # a thread that tidies up
        theirs = FixedWindowRateLimiter(MemoryStorage())
        for who, passing in requests:
            clock.now += passing
            full_until = ours.full_until(who, clock.now)
            assert (full_until is None) == theirs.test(rate, who)
            assert ours.take(who, clock.now) == theirs.hit(rate, who) == (full_until is None)
            end = ours.full_until(who, clock.now)
            if end is not None:
                assert end == theirs.get_window_stats(rate, who).reset_time


@given(
    st.lists(st.integers(1, 3), max_size=2),
    st.lists(st.integers(1, 3), max_size=2),
    st.lists(st.integers(1, 3), max_size=2),
    st.lists(
        st.tuples(st.sampled_from(["", "n"]), st.sampled_from([None, "k", "l"]), st.sampled_from([0, 20])),
        max_size=30,
    ),
)
def test_a_request_is_counted_everywhere_or_nowhere(
    key: list[int], address: list[int], failures: list[int], requests: list[tuple[str, str | None, int]]
) -> None:
    clock = ManualClock(1_800_000_000.0)
    rates: dict[str, list[RateLimitItem]] = {
        kind: [RateLimitItemPerSecond(amount, 50) for amount in amounts]
        for kind, amounts in ((KEY, key), (ADDRESS, address), (FAILURES, failures))
    }
    limits = MemoryLimits(rates, clock.clock)
    counted: dict[tuple[str, str | None], tuple[float, int]] = {}
    """When each window began, and how many requests it has admitted."""

    def present(kind: str, who: str | None) -> tuple[float, int]:
        since, count = counted.get((kind, who), (clock.now, 0))
        return (since, count) if clock.now - since < 50 else (clock.now, 0)

    def room(kind: str, who: str | None, amounts: list[int]) -> bool:
        return not who or all(present(kind, who)[1] < amount for amount in amounts)

    for network, key_id, passing in requests:
        clock.now += passing
        failed = key_id is None
        expected = room(FAILURES, network, failures) and room(ADDRESS, network, address) and room(KEY, key_id, key)
        if failed:
            found = asyncio.run(limits.find_exceeded(network, None, failed=True)) is None
        else:
            found = limits.admits((network, 1) if network else None, key_id)
        assert found == expected
        if expected:
            for kind, who in ((KEY, key_id), (ADDRESS, network), (FAILURES, network if failed else "")):
                since, count = present(kind, who)
                counted[kind, who] = since, count + 1


def test_a_window_begins_with_what_is_counted_not_with_what_passes() -> None:
    """A key that is right does not begin the window of failures of its address."""
    clock = ManualClock(1_800_000_000.0)
    limits = MemoryLimits({FAILURES: [RateLimitItemPerSecond(1, 50)], ADDRESS: [], KEY: []}, clock.clock)
    assert limits.admits(("n", 1), "k")
    clock.now += 40
    assert asyncio.run(limits.find_exceeded("n", None, failed=True)) is None
    clock.now += 20
    assert asyncio.run(limits.find_exceeded("n", None, failed=True)) == (FAILURES, clock.now + 30)


def test_there_are_never_more_than_there_is_room_for_and_the_oldest_go() -> None:
    windows = Windows(1, 60, max_windows=100)
    assert all(windows.take(f"10.0.{number}", 0.0) for number in range(1000))
    assert len(windows) == 100
    assert windows.full_until("10.0.899", 1.0) is None
    assert windows.full_until("10.0.999", 1.0) == 60.0


def test_windows_that_are_over_are_dropped_a_few_at_a_time() -> None:
    windows = Windows(1, 60)
    for number in range(1000):
        windows.take(f"10.0.{number}", 0.0)
    left = []
    for number in range(100):
        windows.take(f"10.1.{number}", 100.0)
        left.append(len(windows))
    assert all(before - after < 16 for before, after in pairwise([1000, *left]))
    assert left[-1] == 100


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
    limits = limits_of(clock, "1/minute")
    addresses = [f"10.0.{number // 250}.{number % 250}" for number in range(500)]
    assert not any(refused(limits, address) for address in addresses)
    assert all(refused(limits, address) for address in addresses)
    assert all(refused(limits, address) for address in addresses)
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
