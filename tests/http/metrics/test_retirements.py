"""How many models retire soon, and how many should have: counted again only where the catalogue has changed."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

import callsheet.http.metrics.retirements as module
from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.times import parse_instant
from callsheet.http.metrics.retirements import RetirementFigures

NOW = parse_instant("2026-11-01")


def model(number: int, days: int | None, lifecycle: Lifecycle = Lifecycle.DEPRECATED) -> Model:
    since = None if lifecycle is Lifecycle.ACTIVE else parse_instant("2020-01-01")
    day: datetime | None = None if days is None or since is None else NOW + timedelta(days=days)
    name = f"m{number}"
    return Model(id=name, display_name=name, lifecycle=lifecycle, deprecated_at=since, retires_at=day)


@given(
    st.lists(st.tuples(st.none() | st.integers(-40, 40), st.sampled_from(Lifecycle)), max_size=12),
    st.integers(0, 5),
)
def test_models_are_counted_by_their_dates_also_after_a_change(
    drawn: list[tuple[int | None, Lifecycle]], later: int
) -> None:
    models = [model(number, *each) for number, each in enumerate(drawn)]
    catalog = Catalog(models)
    figures = RetirementFigures()
    for found in (catalog, catalog.changed({"m0": None}), catalog.changed({"m1": model(1, 5)})):
        now = NOW + timedelta(days=later)
        pending = [each.retires_at for each in found if each.lifecycle is Lifecycle.DEPRECATED and each.retires_at]
        soon, overdue = figures.figures(found, now).values()
        assert overdue == sum(date <= now for date in pending)
        assert soon == sum(now < date <= now + timedelta(days=30) for date in pending)


def test_only_what_changed_is_looked_at_again(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    looked: list[int] = []
    original = module._dates_in

    def watched(models: tuple[Model, ...]) -> tuple[datetime, ...]:
        looked.append(len(models))
        return original(models)

    monkeypatch.setattr(module, "_dates_in", watched)
    catalog, figures = Catalog(model(number, 3) for number in range(2000)), RetirementFigures()
    figures.figures(catalog, NOW)
    first = len(looked)
    assert first > 2
    figures.figures(catalog, NOW)
    figures.figures(catalog.changed({"m7": model(7, 4)}), NOW)
    assert len(looked) == first + 1
