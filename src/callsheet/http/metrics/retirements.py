"""Figures of retirements: how many models retire soon, and how many should have retired."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.model import Lifecycle, Model
from callsheet.http.metrics.families import Figures, Series

_WITHIN_DAYS: Final = 30

_RETIRING: Final = Series("callsheet_models_retiring", (("within", f"{_WITHIN_DAYS}d"),))
_OVERDUE: Final = Series("callsheet_models_overdue")


class RetirementFigures:
    """Counts retirements by their dates, which are looked for only in the part of a catalogue that has changed."""

    def __init__(self) -> None:
        self._dates: dict[Block, tuple[datetime, ...]] = {}
        self._catalog: Catalog | None = None

    def figures(self, catalog: Catalog, now: datetime) -> Figures:
        """Return how many models of ``catalog`` retire soon or are overdue at ``now`` (aware)."""
        if catalog is not self._catalog:
            known = self._dates
            self._dates = {
                block: known[block] if block in known else _dates_in(block.models) for block in catalog.blocks
            }
            self._catalog = catalog
        pending = [date for dates in self._dates.values() for date in dates]
        soon = now + timedelta(days=_WITHIN_DAYS)
        return {
            _RETIRING: sum(now < date <= soon for date in pending),
            _OVERDUE: sum(date <= now for date in pending),
        }


def _dates_in(models: Iterable[Model]) -> tuple[datetime, ...]:
    deprecated = Lifecycle.DEPRECATED
    return tuple(each.retires_at for each in models if each.lifecycle is deprecated and each.retires_at is not None)
