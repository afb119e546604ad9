"""Due: which sources are to be run now."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from callsheet.service.sync.run import MAX_RETRY_SECONDS
from callsheet.service.sync.sources import Source

#: How much later than its interval a run may be planned; later still, a clock must have been set back.
_MAX_DELAY: Final = 1.5


def due(sources: Iterable[Source], running: Collection[str], now: datetime) -> list[Source]:
    """Return the sources that are due at ``now`` (aware) and not among ``running``, the most overdue first."""
    found = [each for each in sources if each.name not in running and _is_due(each, now)]
    return sorted(found, key=lambda each: (each.state.next_run_at is not None, each.state.next_run_at or now))


def _is_due(source: Source, now: datetime) -> bool:
    state, interval = source.state, source.config.every_seconds
    if state.paused or not interval:
        return False
    if state.next_run_at is None:
        return True
    wait = (state.next_run_at - now).total_seconds()
    return wait <= 0 or wait > max(interval * _MAX_DELAY, MAX_RETRY_SECONDS)
