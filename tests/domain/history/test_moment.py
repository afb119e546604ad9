"""A moment is a revision, a time ago, a day or an RFC 3339 time, and nothing else."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import InvalidError
from callsheet.domain.history.moment import Moment, parse_moment
from callsheet.domain.times import EPOCH, format_instant

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}


@given(st.integers(0, 10**18 - 1))
def test_a_whole_number_is_a_revision(number: int) -> None:
    assert parse_moment(str(number), NOW) == Moment(None, number)


@given(st.integers(0, 50), st.sampled_from(sorted(UNITS)))
def test_a_duration_is_a_time_ago(count: int, unit: str) -> None:
    assert parse_moment(f"{count}{unit}", NOW) == Moment(NOW - timedelta(seconds=count * UNITS[unit]))


@given(
    st.integers(86_400, 7 * 10**9).map(lambda number: EPOCH + timedelta(seconds=number, milliseconds=number % 997)),
    st.integers(-14 * 60, 14 * 60),
)
def test_a_time_in_any_zone_is_that_time_and_a_day_its_midnight_in_utc(at: datetime, minutes: int) -> None:
    there = at.astimezone(timezone(timedelta(minutes=minutes)))
    assert parse_moment(there.isoformat(), NOW) == Moment(there)
    assert parse_moment(format_instant(there), NOW) == Moment(there)
    day = parse_moment(f"{at:%Y-%m-%d}", NOW).at
    assert day == at.replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.mark.parametrize(
    "text", ["", "-1", "90 d", "1.5d", "yesterday", "revision:3", "2026-13-01", "999999y", "+90d", "٣", "3\n"]
)
def test_everything_else_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(InvalidError, match=r"^--as-of must be a day such as 2026-02-04, .*, not ") as refused:
        parse_moment(text, NOW, "--as-of")
    assert "\n" not in str(refused.value)
