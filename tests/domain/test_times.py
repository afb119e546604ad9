import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import InvalidError
from callsheet.domain.times import format_instant, parse_instant
from tests.strategies import instants

WIRE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z", re.ASCII)


@given(instants())
def test_what_is_written_is_read_back_as_the_same_instant(instant: datetime) -> None:
    again = parse_instant(format_instant(instant))
    assert again == instant
    assert again.utcoffset() == timedelta()


@given(instants())
def test_an_instant_is_written_in_utc_with_a_z_and_no_needless_fraction(instant: datetime) -> None:
    assert WIRE.fullmatch(format_instant(instant))


@given(instants(), st.integers(0, 23), st.integers(0, 59))
def test_equal_instants_are_written_alike(instant: datetime, hours: int, minutes: int) -> None:
    moved = instant.astimezone(timezone(timedelta(hours=hours, minutes=minutes)))
    assert format_instant(moved) == format_instant(instant)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-02-04", datetime(2026, 2, 4, tzinfo=UTC)),
        ("2026-02-04T00:00:00Z", datetime(2026, 2, 4, tzinfo=UTC)),
        ("2026-02-04t01:02:03z", datetime(2026, 2, 4, 1, 2, 3, tzinfo=UTC)),
        ("2026-02-04 01:02:03Z", datetime(2026, 2, 4, 1, 2, 3, tzinfo=UTC)),
        ("2026-02-04T01:02:03.5Z", datetime(2026, 2, 4, 1, 2, 3, 500_000, tzinfo=UTC)),
        ("2026-02-04T01:02:03.000001Z", datetime(2026, 2, 4, 1, 2, 3, 1, tzinfo=UTC)),
        ("2026-02-04T01:02:03+02:00", datetime(2026, 2, 3, 23, 2, 3, tzinfo=UTC)),
        ("2026-02-04T23:02:03-05:30", datetime(2026, 2, 5, 4, 32, 3, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2028-02-29", datetime(2028, 2, 29, tzinfo=UTC)),
    ],
)
def test_rfc_3339_and_days_are_read(text: str, instant: datetime) -> None:
    assert parse_instant(text) == instant


@given(st.dates())
def test_a_day_means_its_midnight_in_utc(day: object) -> None:
    assert parse_instant(f"{day}") == parse_instant(f"{day}T00:00:00Z")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026",
        "2026-02",
        "2026-02-30",
        "2027-02-29",
        "2026-13-01",
        "20260204",
        "2026-W06-3",
        "2026-02-04T00:00:00",
        "2026-02-04T00:00Z",
        "2026-02-04T25:00:00Z",
        "2026-02-04T00:00:00+0200",
        "2026-02-04T00:00:00+25:00",
        " 2026-02-04",
        "2026-02-04\n",
        "٢٠٢٦-٠٢-٠٤",
        "0001-01-01T00:00:00+01:00",
        "1770163200",
    ],
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        parse_instant(text, "created_at")
    assert str(refusal.value) == (
        f"created_at must be a day such as 2026-02-04, or an RFC 3339 time, not {text!r}."
    )


def test_a_refusal_repeats_at_most_forty_characters() -> None:
    with pytest.raises(InvalidError) as refusal:
        parse_instant("9" * 5000)
    assert str(refusal.value).count("99") == 20
