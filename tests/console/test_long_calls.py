"""Calls that wait for others keep no page waiting for longer than people do."""

import threading

import pytest

from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.long_calls import MAX_LONG_CALLS, LongCalls, StillRunningError


def test_what_a_call_returns_or_raises_is_passed_on() -> None:
    calls = LongCalls()
    assert calls.wait(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        calls.wait(lambda: 1 // 0)


def test_a_call_that_takes_long_goes_on_and_counts_until_it_has_ended() -> None:
    calls, go_on = LongCalls(timeout_seconds=0.001), threading.Event()
    ended = threading.Barrier(MAX_LONG_CALLS + 1)

    def wait_long() -> None:
        go_on.wait(30)
        ended.wait(30)

    for _ in range(MAX_LONG_CALLS):
        with pytest.raises(StillRunningError):
            calls.wait(wait_long)
    begun = threading.Event()
    with pytest.raises(AdminError) as refused:
        calls.wait(begun.set)
    assert refused.value.code is Code.OVERLOADED
    assert not begun.is_set()
    go_on.set()
    ended.wait(30)
    while not begun.is_set():
        try:
            calls.wait(begun.set)
        except (AdminError, StillRunningError):  # the last threads are just ending
            begun.wait(0.001)
