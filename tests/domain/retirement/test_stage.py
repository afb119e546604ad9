"""How a retirement stands: it only moves forwards, and only an exact date retires a model by itself."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.model import Lifecycle, Model, RetirementPrecision
from callsheet.domain.retirement.stage import Stage, days_left, is_due, stage_of
from callsheet.domain.times import parse_instant
from tests.strategies import instants, models

DAY = parse_instant("2026-11-30")
DEPRECATED = Model(
    id="m",
    display_name="M",
    lifecycle=Lifecycle.DEPRECATED,
    deprecated_at=parse_instant("2026-09-30"),
    retires_at=DAY,
    retirement_precision=RetirementPrecision.EXACT,
    retires_itself=True,
)


@pytest.mark.parametrize(
    ("now", "stage", "left"),
    [
        ("2026-10-31T23:59:59Z", Stage.UPCOMING, 30),
        ("2026-11-29T00:00:00Z", Stage.UPCOMING, 1),
        ("2026-11-29T23:59:59.999999Z", Stage.UPCOMING, 1),
        ("2026-11-30T00:00:00Z", Stage.OVERDUE, 0),
        ("2026-12-02T05:00:00Z", Stage.OVERDUE, -2),
    ],
)
def test_a_retirement_is_upcoming_until_its_day_and_overdue_from_then_on(now: str, stage: Stage, left: int) -> None:
    assert stage_of(DEPRECATED, parse_instant(now)) is stage
    assert days_left(DEPRECATED, parse_instant(now)) == left


def test_a_model_without_a_date_retires_on_no_day() -> None:
    model = replace(DEPRECATED, retires_at=None, retirement_precision=None)
    assert (stage_of(model, DAY), days_left(model, DAY), is_due(model, DAY)) == (None, None, False)


@given(models(), st.lists(instants(), min_size=2, max_size=5))
def test_as_the_day_passes_a_retirement_only_moves_from_upcoming_to_overdue(
    model: Model, times: list[datetime]
) -> None:
    stages = [stage_of(model, now) for now in sorted(times)]
    if model.lifecycle is Lifecycle.RETIRED:
        assert set(stages) == {Stage.RETIRED}
    elif model.retires_at is None:
        assert set(stages) == {None}
    else:
        overdue = stages.count(Stage.OVERDUE)
        assert stages == [Stage.UPCOMING] * (len(stages) - overdue) + [Stage.OVERDUE] * overdue


@given(models(), instants())
def test_only_what_is_overdue_on_an_exact_date_and_retires_itself_is_due(model: Model, now: datetime) -> None:
    expected = (
        model.retires_itself
        and model.lifecycle is Lifecycle.DEPRECATED
        and model.retirement_precision is RetirementPrecision.EXACT
        and model.retires_at is not None
        and model.retires_at <= now
    )
    assert is_due(model, now) is expected
    assert not (is_due(model, now) and is_due(replace(model, lifecycle=Lifecycle.RETIRED), now))


def test_a_date_that_is_the_earliest_or_of_unknown_precision_retires_nothing() -> None:
    late = DAY + timedelta(days=400)
    for precision in (RetirementPrecision.EARLIEST, None):
        assert not is_due(replace(DEPRECATED, retirement_precision=precision), late)
    assert not is_due(replace(DEPRECATED, retires_itself=False), late)
    assert is_due(DEPRECATED, DAY)
