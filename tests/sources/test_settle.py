"""What an upstream states as "now", or only at times, keeps the value that it had."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.times import format_instant
from callsheet.sources.settle import settle
from callsheet.sources.upstream import FIRST_SEEN, LastKnown
from tests.strategies import instants

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)


def test_a_time_is_first_seen_once() -> None:
    once = settle({"created_at": FIRST_SEEN}, None, NOW)
    assert once == {"created_at": "2026-12-01T12:00:00Z"}
    assert settle({"created_at": FIRST_SEEN}, once, LATER) == once


def test_a_limit_that_is_not_stated_now_stays_as_it_was() -> None:
    assert settle({"max_input_tokens": LastKnown()}, {"max_input_tokens": 4096}, NOW) == {"max_input_tokens": 4096}
    assert settle({"max_input_tokens": LastKnown(8192)}, {"max_input_tokens": 4096}, NOW) == {
        "max_input_tokens": 4096
    }


def test_a_limit_that_was_never_stated_is_not_claimed_unless_there_is_another_value() -> None:
    assert settle({"max_input_tokens": LastKnown()}, None, NOW) == {}
    assert settle({"max_input_tokens": LastKnown(8192)}, {"created_at": "x"}, NOW) == {"max_input_tokens": 8192}


def test_a_model_first_seen_after_its_retirement_was_deprecated_by_then() -> None:
    fields = {"deprecated_at": FIRST_SEEN, "retires_at": "2026-01-01T00:00:00Z"}
    assert settle(fields, None, NOW)["deprecated_at"] == "2026-01-01T00:00:00Z"


def test_what_was_said_before_and_is_not_said_now_falls_away() -> None:
    assert settle({"max_tokens": 5}, {"max_input_tokens": 9}, NOW) == {"max_tokens": 5}


@given(instants(), instants(), st.booleans())
def test_a_model_never_retires_before_it_was_deprecated(now: datetime, retires: datetime, again: bool) -> None:
    fields = {"deprecated_at": FIRST_SEEN, "retires_at": format_instant(retires)}
    settled = settle(fields, None, now)
    if again:
        assert settle(fields, settled, now + timedelta(days=1)) == settled
    deprecated, retired = (datetime.fromisoformat(settled[name]) for name in ("deprecated_at", "retires_at"))
    assert deprecated <= retired
