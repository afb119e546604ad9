"""However often asking turns out one way and then the other, the log has a line a minute of it."""

import logging

import pytest

from callsheet.service.delegation.standing import Standing
from tests.http.clock import ManualClock

LOOP = "leads back to this installation"


def test_a_ring_that_every_question_finds_again_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = ManualClock(1_800_000_000.0)
    standing = Standing(clock.clock)
    for lines in (1, 2):
        for _ in range(50):
            standing.is_itself("gateway", LOOP)
            standing.is_up("gateway")
        assert len(caplog.records) == lines
        clock.now += 60
    standing.reset()
    standing.is_itself("gateway", LOOP)
    assert len(caplog.records) == 3


def test_a_loop_is_logged_right_after_something_else_was(caplog: pytest.LogCaptureFixture) -> None:
    standing = Standing(ManualClock(1_800_000_000.0).clock)
    standing.is_away("gateway", "it is silent.")
    standing.is_up("gateway")
    standing.is_itself("gateway", LOOP)
    assert LOOP in caplog.records[-1].message
