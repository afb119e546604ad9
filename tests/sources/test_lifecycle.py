"""What announced dates and stages come to: the rule that all upstreams share."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import EPOCH, parse_instant
from callsheet.sources.lifecycle import announced
from callsheet.sources.settle import settle
from callsheet.sources.upstream import FIRST_SEEN
from callsheet.sources.values import collect

DATES = ("deprecated_at", "retires_at")
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)

days = st.dates(EPOCH.date() + timedelta(days=1), datetime(2040, 1, 1, tzinfo=UTC).date()).map(str)
junk = st.none() | st.text(max_size=12) | st.integers() | st.booleans() | st.lists(st.integers(), max_size=1)


def test_a_date_of_retirement_deprecates_since_it_was_first_seen() -> None:
    assert announced("2027-03-31") == {
        "lifecycle": "deprecated",
        "deprecated_at": FIRST_SEEN,
        "retires_at": "2027-03-31",
        "retirement_precision": "exact",
    }


def test_the_upstreams_own_day_of_deprecation_counts_before_the_first_sight() -> None:
    assert announced("2027-03-31", deprecated_at="2026-10-01")["deprecated_at"] == "2026-10-01"


def test_deprecated_in_words_needs_no_date() -> None:
    fields, notes = collect(announced(None, is_deprecated=True))
    assert fields == {"lifecycle": "deprecated", "deprecated_at": FIRST_SEEN}
    assert notes == ()


@pytest.mark.parametrize("value", [None, "", "soon", "1970-01-01", True, {}])
def test_what_is_not_a_date_announces_nothing(value: object) -> None:
    assert collect(announced(value))[0] == {}


def test_a_date_that_has_passed_does_not_retire_a_model_that_is_still_listed() -> None:
    fields = settle(collect(announced("2025-12-31"))[0], None, NOW)
    assert fields == {
        "lifecycle": "deprecated",
        "deprecated_at": "2025-12-31T00:00:00Z",
        "retires_at": "2025-12-31T00:00:00Z",
        "retirement_precision": "exact",
    }


@given(
    retires=days | junk,
    deprecated=days | junk,
    is_deprecated=st.booleans(),
    now=st.datetimes(EPOCH.replace(tzinfo=None)),
)
def test_whatever_is_announced_a_model_can_have_it(
    retires: object, deprecated: object, is_deprecated: bool, now: datetime
) -> None:
    sent = announced(retires, deprecated_at=deprecated, is_deprecated=is_deprecated)
    fields = settle(collect(sent)[0], None, now.replace(tzinfo=UTC))
    dates: dict[str, Any] = {name: parse_instant(fields[name]) for name in DATES if name in fields}
    model = Model(id="a", display_name="A", lifecycle=Lifecycle(fields.get("lifecycle", "active")), **dates)
    assert {name: model.record()[name] for name in dates} == {name: fields[name] for name in dates}
