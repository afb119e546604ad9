"""Figures of sources: how old each list is, how its runs end, and whether something waits for a person."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from callsheet.http.metrics.families import Figures, Series

if TYPE_CHECKING:
    from callsheet.service.sync.status import SourceStatus


def source_figures(
    statuses: "Iterable[SourceStatus]", outcomes: Mapping[tuple[str, str], int], now: datetime
) -> Figures:
    """Return the series of every source.

    Parameters
    ----------
    outcomes
        How many runs of a source ended so, in this process.
    now
        The time (aware).
    """
    figures: Figures = {}
    for status in statuses:
        label = (("source", status.name),)
        figures |= {
            Series("callsheet_source_age_seconds", label): round(status.age(now), 3),
            Series("callsheet_source_interval_seconds", label): 0 if status.is_paused else status.interval_seconds,
            Series("callsheet_source_failures", label): status.failures,
            Series("callsheet_source_waiting", label): int(status.is_waiting),
            Series("callsheet_source_models", label): status.models,
            Series("callsheet_source_suppressed", label): status.suppressed,
        }
    for (source, outcome), count in outcomes.items():
        figures[Series("callsheet_source_runs_total", (("source", source), ("outcome", outcome)))] = count
    return figures
