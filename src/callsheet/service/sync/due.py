"""Due: whether a source is to be run now, and when the next time is."""

from datetime import datetime, timedelta
from typing import Final

from callsheet.domain.sources.state import SourceState
from callsheet.service.state.backoff import jitter
from callsheet.service.sync.config import SourceConfig

#: How long a source that fails is left alone at first, and at most.
_FIRST_RETRY_SECONDS: Final = 30
_MAX_RETRY_SECONDS: Final = 3_600

#: How much later than its interval a run may be planned; later still, a clock must have been set back.
_MAX_DELAY: Final = 1.5


def is_due(config: SourceConfig, state: SourceState, now: datetime) -> bool:
    """Return whether to run a source at ``now`` (aware)."""
    if state.paused or not config.every_seconds:
        return False
    if state.next_run_at is None:
        return True
    wait = (state.next_run_at - now).total_seconds()
    return wait <= 0 or wait > max(config.every_seconds * _MAX_DELAY, _MAX_RETRY_SECONDS)


def next_run(config: SourceConfig, now: datetime) -> datetime | None:
    """Return when to run a source again, at a time that differs between sources; None if never by itself."""
    seconds = config.every_seconds
    return now + timedelta(seconds=seconds * jitter.uniform(0.9, 1.1)) if seconds else None


def next_attempt(failures: int, now: datetime) -> datetime:
    """Return when to ask a source again that has failed so often in a row: ever later, up to an hour."""
    longest = min(_MAX_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 20))
    return now + timedelta(seconds=jitter.uniform(0.5, 1) * longest)
