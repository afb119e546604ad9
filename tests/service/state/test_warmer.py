"""The thread that follows the database prepares what requests will need, in small steps, and gives way to them."""

import os
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.state import Options, State
from callsheet.service.clock import SYSTEM_CLOCK
from callsheet.service.giving_way import giving_way
from callsheet.service.state import live as live_state
from callsheet.service.state import warmer as warmers
from callsheet.service.state.live import LiveState
from callsheet.service.state.warmer import Warmer
from callsheet.storage.store import Store
from tests.api.encoding import encoded_blocks
from tests.api.states import ask
from tests.installation import Installation, again_on_postgresql, make_model
from tests.program import wait_for


class Ticking:
    """A clock that moves by so much with each step."""

    def __init__(self) -> None:
        self.now = 0.0
        self.taken = 0
        self.clock = SYSTEM_CLOCK._replace(perf_counter=lambda: self.now)

    def steps(self, durations: list[float]) -> Iterator[None]:
        for duration in durations:
            self.now += duration
            self.taken += 1
            yield


@given(st.lists(st.floats(0.0001, 0.01), max_size=200))
def test_a_state_waits_for_so_much_and_one_step_at_most(durations: list[float]) -> None:
    ticking = Ticking()
    warmer = Warmer(ticking.clock)
    warmer.begin(ticking.steps(durations))
    warmer.lead()
    assert ticking.now < warmers.LEAD_SECONDS + 0.01
    assert warmer.is_done or sum(durations[: ticking.taken]) >= warmers.LEAD_SECONDS


@given(st.lists(st.floats(0.0001, 0.01), max_size=200))
def test_in_its_turns_it_takes_every_step_and_pauses_as_long_as_it_works(durations: list[float]) -> None:
    ticking = Ticking()
    paused: list[float] = []

    class Stop(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            assert timeout is not None
            paused.append(timeout)
            ticking.now += timeout
            return False

    warmer = Warmer(ticking.clock)
    warmer.begin(ticking.steps(durations))
    while not warmer.is_done:
        begun = ticking.now
        warmer.take_turn(Stop())
        assert ticking.now - begun < warmers.TURN_SECONDS + 0.02
    assert ticking.taken == len(durations)
    assert sum(paused) == pytest.approx(sum(durations))


def test_a_stop_ends_a_turn() -> None:
    ticking, stop = Ticking(), threading.Event()
    warmer = Warmer(ticking.clock)
    warmer.begin(ticking.steps([0.0] * 10))
    stop.set()
    warmer.take_turn(stop)
    assert (ticking.taken, warmer.is_done) == (0, False)


def test_steps_that_begin_anew_take_the_place_of_those_that_were_left() -> None:
    ticking, left = Ticking(), Ticking()
    warmer = Warmer(ticking.clock)
    warmer.begin(left.steps([0.0]))
    warmer.begin(ticking.steps([0.0] * 3))
    warmer.lead()
    assert (left.taken, ticking.taken, warmer.is_done) == (0, 3, True)


def failing() -> Iterator[None]:
    yield
    raise ValueError("a fault")


def test_a_fault_ends_the_preparation_is_logged_and_holds_up_nothing(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_state, "warm_changed", lambda _: failing())
    live = installation.live()
    installation.add(make_model("new"))
    live.refresh()
    assert live.current.catalog.get("new") is not None
    assert not live.warm(threading.Event())
    assert [record.message for record in caplog.records] == [
        "Lists could not be prepared in advance; requests prepare what they need."
    ]


def page(state: State, installation_key: str) -> bytes:
    headers = ((b"x-api-key", installation_key.encode()), (b"anthropic-version", b"2023-06-01"))
    return ask(state, headers=headers).body


@again_on_postgresql
def test_the_first_page_after_a_start_and_after_a_change_is_there(installation: Installation) -> None:
    key = installation.key()
    live = installation.live()
    with encoded_blocks() as blocks:
        first = page(live.current, key)
    assert (blocks, len(first) > 1000) == ([], True)
    installation.add(make_model("zz-new", "2030-01-01"))
    live.refresh()
    with encoded_blocks() as blocks:
        second = page(live.current, key)
    assert (blocks, b'"zz-new"' in second) == ([], True)


def test_what_is_left_is_prepared_by_the_thread(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warmers, "LEAD_SECONDS", 0.0)
    installation.add_at_once(make_model(f"m{number:04}") for number in range(1000))
    key, live = installation.key(), installation.live()
    live.start()
    try:
        assert ask(live.current, query=b"limit=1000", headers=_headers(key)).status == 200
        installation.catalog.remove("m0500")
        wait_for(lambda: live.current.catalog.get("m0500") is None and live._warmer.is_done)
        with encoded_blocks() as blocks:
            assert b"m0500" not in ask(live.current, query=b"limit=1000", headers=_headers(key)).body
        assert blocks == []
    finally:
        live.stop()


def _headers(key: str) -> tuple[tuple[bytes, bytes], ...]:
    return (b"x-api-key", key.encode()), (b"anthropic-version", b"2023-06-01")


def _endless() -> Iterator[None]:
    while True:
        yield


def test_the_thread_follows_changes_while_it_prepares_and_ends_at_a_stop(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("warm_first", "warm_changed"):
        monkeypatch.setattr(live_state, name, lambda _: _endless())
    live = LiveState(Store(installation.url), Options(), poll_seconds=0.01)
    live.start()
    installation.add(make_model("new"))
    wait_for(lambda: live.current.catalog.get("new") is not None)
    assert not live._warmer.is_done
    thread = live.follower._thread._thread
    live.stop()
    assert thread is not None
    wait_for(lambda: not thread.is_alive())


def test_a_process_that_is_forked_goes_on_with_its_own_preparation(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warmers, "LEAD_SECONDS", 0.0)
    live = installation.live()
    assert not live._warmer.is_done
    child = os.fork()
    if not child:
        _warm(live)
        os._exit(not live._warmer.is_done)
    assert os.waitpid(child, 0)[1] == 0
    assert not live._warmer.is_done
    _warm(live)
    assert live._warmer.is_done


def _warm(live: LiveState) -> None:
    """Let it take its turns, of which a busy machine needs several."""
    while live.warm(threading.Event()):
        pass


def test_several_threads_that_give_way_leave_the_interpreter_as_it_was() -> None:
    usual = sys.getswitchinterval()
    with giving_way():
        assert sys.getswitchinterval() < usual
        with giving_way():
            pass
        assert sys.getswitchinterval() < usual
    assert sys.getswitchinterval() == usual
