"""What is remembered of dates: that they moved, how often, and that they were withdrawn."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.retirement.dates import DateRecord, has_moved, moved
from callsheet.domain.times import parse_instant

NOW = parse_instant("2026-06-01")
ACTIVE = Model(id="m", display_name="M")
DATED = [
    replace(
        ACTIVE,
        lifecycle=Lifecycle.DEPRECATED,
        deprecated_at=parse_instant("2026-01-01"),
        retires_at=parse_instant(f"2027-01-0{day}"),
    )
    for day in (1, 2, 3)
]


@given(st.lists(st.sampled_from([None, ACTIVE, *DATED]), min_size=1, max_size=8))
def test_the_number_rises_whenever_a_date_moves_goes_or_comes_back_and_never_falls(
    steps: list[Model | None],
) -> None:
    known: DateRecord | None = None
    before: Model | None = None
    dates: list[object] = []
    for after in steps:
        if has_moved(before, after):
            record = moved(known, before, after, NOW)
            assert known is None or record is None or record.sequence == known.sequence + 1
            known = record or known
        date = None if after is None else after.retires_at
        if (dates or date is not None) and (not dates or dates[-1] != date):
            dates.append(date)
        before = after
    assert (0 if known is None else known.sequence) == max(len(dates) - 1, 0)
    if known is not None:
        assert known.is_withdrawn is (dates[-1] is None)
        assert known.retires_at == next(date for date in reversed(dates) if date is not None)


def test_a_date_that_means_something_else_has_moved() -> None:
    from callsheet.domain.model import RetirementPrecision

    exact = replace(DATED[0], retirement_precision=RetirementPrecision.EXACT)
    assert has_moved(DATED[0], exact)
    assert not has_moved(exact, replace(exact, display_name="Another"))
