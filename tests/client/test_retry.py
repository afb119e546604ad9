"""When a request is repeated (contract, section 8). Values in, values out; nobody waits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from callsheet import APIConnectionError
from callsheet.client.flow import Send, Wait, exchange
from callsheet.client.reply import Failure, Outcome, Reply
from callsheet.client.request import ClientRequest
from callsheet.client.retry import is_away, wait_before_retry

NOW = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
REQUEST = ClientRequest("http://scripted/v1/models", ())
AWAY = Failure(APIConnectionError("It is away."), is_away=True)
FOR_GOOD = Failure(APIConnectionError("It is not trusted."), is_away=False)


def reply(status: int, **headers: str) -> Reply:
    return Reply(REQUEST.url, NOW, status, {name.replace("_", "-"): value for name, value in headers.items()}, b"")


@pytest.mark.parametrize("status", [200, 304, 307, 400, 401, 403, 404, 405, 413, 431])
def test_what_would_fail_the_same_way_is_not_repeated(status: int) -> None:
    assert wait_before_retry(reply(status), 0, 0) is None


@pytest.mark.parametrize("status", [200, 304, 307])
def test_a_success_is_not_repeated_even_if_the_server_asks_for_that(status: int) -> None:
    assert wait_before_retry(reply(status, x_should_retry="true"), 0, 0) is None


@pytest.mark.parametrize("outcome", [reply(408), reply(409), reply(429), reply(500), reply(529), AWAY])
def test_the_own_wait_doubles_and_chance_takes_up_to_a_quarter(outcome: Outcome) -> None:
    assert [wait_before_retry(outcome, attempt, 0) for attempt in range(6)] == [0.5, 1, 2, 4, 8, 8]
    assert wait_before_retry(outcome, 0, 1) == 0.375


def test_a_connection_that_fails_for_good_is_not_tried_again() -> None:
    assert wait_before_retry(FOR_GOOD, 0, 0) is None


@pytest.mark.parametrize(
    ("outcome", "repeated"),
    [
        (reply(400, x_should_retry="true"), True),
        (reply(500, x_should_retry="false"), False),
        (reply(429, x_should_retry="perhaps"), True),
    ],
)
def test_the_server_knows_best_whether(outcome: Reply, repeated: bool) -> None:
    assert (wait_before_retry(outcome, 0, 0) is not None) is repeated


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"retry_after_ms": "20", "retry_after": "9"}, 0.02),
        ({"retry_after": "9"}, 9),
        ({"retry_after": "1.5"}, 1.5),
        ({"retry_after_ms": "soon", "retry_after": "60"}, 60),
        ({"retry_after": "Fri, 20 Nov 2026 12:00:07 GMT"}, 7),
        ({"retry_after": "61"}, None),
        ({"retry_after": "Sat, 20 Nov 2027 12:00:07 GMT"}, None),
        ({"retry_after": "Fri, 20 Nov 2026 11:00:00 GMT"}, 0.5),
        ({"retry_after": "0"}, 0.5),
        ({"retry_after": "-1"}, 0.5),
        ({"retry_after": "nan"}, 0.5),
        ({"retry_after": "inf"}, 0.5),
        ({"retry_after": "1e300"}, None),
        ({"retry_after": "9" * 400}, 0.5),
        ({"retry_after_ms": "-5", "retry_after": "3"}, 3),
        ({"retry_after_ms": "1e9"}, None),
        ({"retry_after": "Fri, 20 Nov 2026 12:00:07 -0000"}, 0.5),
        ({"retry_after": "Mon, 01 Jan 0001 00:00:00 +1400"}, 0.5),
        ({"retry_after": "tomorrow"}, 0.5),
        ({"retry_after": "Fri, 99 Nov 2026 99:00:00 GMT"}, 0.5),
    ],
)
def test_the_server_knows_best_when_up_to_a_minute(headers: dict[str, str], expected: float | None) -> None:
    assert wait_before_retry(reply(429, **headers), 0, 0) == expected


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(AWAY, True), (FOR_GOOD, False), (reply(503), True), (reply(429), False), (reply(401), False)],
)
def test_a_server_is_away_if_it_is_not_reached_or_fails(outcome: Outcome, expected: bool) -> None:
    assert is_away(outcome) is expected


def steps(max_retries: int, *outcomes: Outcome) -> tuple[list[str], Outcome | None]:
    """What an exchange does when these come back, and what it returns; None if it wants more."""
    flow: Any = exchange(REQUEST, max_retries)
    coming, done = list(outcomes), []
    back: Outcome | None = None
    try:
        while True:
            step = flow.send(back)
            done.append(type(step).__name__)
            if isinstance(step, Send):
                assert step.request is REQUEST
                back = coming.pop(0)
            else:
                assert isinstance(step, Wait)
                back = None
    except StopIteration as end:
        assert coming == []
        outcome: Outcome = end.value
        return done, outcome


def test_a_good_answer_ends_the_exchange() -> None:
    assert steps(2, reply(200)) == (["Send"], reply(200))
    assert steps(2, reply(500), AWAY, reply(200)) == (["Send", "Wait", "Send", "Wait", "Send"], reply(200))


def test_after_the_last_retry_the_last_outcome_counts() -> None:
    assert steps(2, AWAY, AWAY, reply(503)) == (["Send", "Wait", "Send", "Wait", "Send"], reply(503))
    assert steps(0, AWAY) == (["Send"], AWAY)
    assert steps(2, reply(429, retry_after="3600")) == (["Send"], reply(429, retry_after="3600"))
