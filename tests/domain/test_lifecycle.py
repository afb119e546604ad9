from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.edits import LIFECYCLE_FIELDS, as_deprecated, as_retired, check_dates
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import Lifecycle, Model
from tests.strategies import instants, models

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEFORE, LATER = NOW - timedelta(days=30), NOW + timedelta(days=30)

ACTIVE = Model(id="m", display_name="M")
DEPRECATED = replace(ACTIVE, lifecycle=Lifecycle.DEPRECATED, deprecated_at=BEFORE)
RETIRED = replace(DEPRECATED, lifecycle=Lifecycle.RETIRED, retires_at=NOW)


def test_deprecating_an_active_model_dates_it_now() -> None:
    assert as_deprecated(ACTIVE, NOW) == replace(ACTIVE, lifecycle=Lifecycle.DEPRECATED, deprecated_at=NOW)


def test_deprecating_takes_a_date_of_retirement_and_a_replacement() -> None:
    model = as_deprecated(ACTIVE, NOW, LATER, "n")
    assert (model.deprecated_at, model.retires_at, model.replacement) == (NOW, LATER, "n")


def test_deprecating_again_moves_what_is_given_and_keeps_the_rest() -> None:
    first = as_deprecated(ACTIVE, BEFORE, LATER, "n")
    moved = as_deprecated(first, NOW, LATER + timedelta(days=1))
    assert moved == replace(first, retires_at=LATER + timedelta(days=1))
    assert as_deprecated(first, NOW, replacement="o") == replace(first, replacement="o")
    assert as_deprecated(first, NOW) == first


def test_a_deprecation_is_as_of_the_date_that_is_given() -> None:
    assert as_deprecated(ACTIVE, NOW, deprecated_at=BEFORE).deprecated_at == BEFORE
    assert as_deprecated(DEPRECATED, NOW, deprecated_at=NOW) == replace(DEPRECATED, deprecated_at=NOW)


def test_a_retirement_is_as_of_the_date_that_is_given() -> None:
    model = as_retired(replace(DEPRECATED, retires_at=LATER), LATER, NOW)
    assert (model.deprecated_at, model.retires_at) == (BEFORE, NOW)
    early = as_retired(DEPRECATED, NOW, BEFORE - timedelta(days=1))
    assert early.deprecated_at == early.retires_at == BEFORE - timedelta(days=1)
    with pytest.raises(InvalidError, match="must not lie in the future"):
        check_dates(as_retired(ACTIVE, NOW, LATER), NOW)


def test_a_retired_model_cannot_be_deprecated() -> None:
    with pytest.raises(InvalidError, match=r"^m is retired; a retired model cannot be deprecated\.$"):
        as_deprecated(RETIRED, NOW)


def test_a_model_cannot_retire_before_it_was_deprecated() -> None:
    with pytest.raises(InvalidError, match=r"^retires_at of m .* must not be before its deprecated_at"):
        as_deprecated(ACTIVE, NOW, BEFORE)


def test_retiring_an_active_model_dates_both_now() -> None:
    model = as_retired(ACTIVE, NOW)
    assert (model.lifecycle, model.deprecated_at, model.retires_at) == (Lifecycle.RETIRED, NOW, NOW)


def test_retiring_before_the_planned_date_happens_now() -> None:
    model = as_retired(replace(DEPRECATED, retires_at=LATER), NOW)
    assert (model.deprecated_at, model.retires_at) == (BEFORE, NOW)


def test_retiring_an_overdue_model_keeps_the_planned_date() -> None:
    planned = NOW - timedelta(days=3)
    model = as_retired(replace(DEPRECATED, retires_at=planned), NOW)
    assert (model.deprecated_at, model.retires_at) == (BEFORE, planned)


def test_retiring_twice_is_refused() -> None:
    with pytest.raises(InvalidError, match=r"^m is retired already\.$"):
        as_retired(RETIRED, NOW)


@given(models(), instants())
def test_a_retired_model_was_deprecated_and_retired_by_now(model: Model, now: datetime) -> None:
    if model.lifecycle is Lifecycle.RETIRED:
        return
    retired = as_retired(model, now)
    assert retired.deprecated_at is not None
    assert retired.retires_at is not None
    assert retired.deprecated_at <= retired.retires_at <= now
    assert check_dates(retired, now) is retired
    active: dict[str, Any] = {**dict.fromkeys(LIFECYCLE_FIELDS), "lifecycle": Lifecycle.ACTIVE}
    assert replace(retired, **active) == replace(model, **active)


@given(st.sampled_from([ACTIVE, DEPRECATED, RETIRED, replace(DEPRECATED, retires_at=LATER)]))
def test_what_has_happened_by_now_can_be_true(model: Model) -> None:
    assert check_dates(model, NOW) is model


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (replace(DEPRECATED, deprecated_at=LATER), "deprecated_at of m must not lie in the future."),
        (replace(RETIRED, deprecated_at=LATER, retires_at=LATER), "deprecated_at of m must not lie in the future."),
        (replace(RETIRED, retires_at=LATER), "m is retired, so its retires_at must not lie in the future."),
    ],
)
def test_what_is_still_to_come_cannot_have_happened(model: Model, sentence: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        check_dates(model, NOW)
    assert str(refusal.value) == sentence
