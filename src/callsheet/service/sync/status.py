"""SourceStatus: how a source is, as the server last read it, for health pages and figures."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from callsheet.domain.errors import InvalidError
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.service.sync.config import SourceConfig, read_config
from callsheet.service.sync.memory import PATH
from callsheet.storage.transactions.read import ReadTransaction


class SourceStatus(NamedTuple):
    """How a source is.

    Parameters
    ----------
    name
        Of the source.
    outcome
        How its last run ended; None if it has not run.
    last_good_at
        When a run last ended well, or, if none did, when it was added (aware).
    interval_seconds
        Between two runs; 0 if it is not run by itself.
    failures
        How many runs failed in a row.
    is_paused, is_waiting
        Whether it is run only on demand, and whether something waits for a person.
    models, suppressed
        How many models it listed in the last good run, and how many of them another manager has taken away.
    path
        The marks of the installations that its list comes through; see `loop`.
    """

    name: str
    outcome: str | None
    last_good_at: datetime
    interval_seconds: int
    failures: int
    is_paused: bool
    is_waiting: bool
    models: int
    suppressed: int
    path: tuple[str, ...]

    def age(self, now: datetime) -> float:
        """Seconds since the last good run; none is negative, although clocks may be set back."""
        return max(0.0, (now - self.last_good_at).total_seconds())


class UsableSource(NamedTuple):
    """A source that this release can run; ``state`` has an empty object in place of what waits for a person."""

    record: SourceRecord
    config: SourceConfig
    state: SourceState


def usable_sources(reading: ReadTransaction) -> tuple[Sequence[UsableSource], Mapping[str, str]]:
    """Return the sources that this release can run, and of each other its name with the reason.

    It reads little, as servers do it every few seconds.
    """
    usable, reasons = [], {}
    states = reading.source_states_in_short()
    for record in reading.sources():
        try:
            usable.append(UsableSource(record, read_config(record.config), states[record.name]))
        except InvalidError as error:  # a later release, or another program, has configured it
            reasons[record.name] = str(error)
    return usable, reasons


def status_of(source: UsableSource) -> SourceStatus:
    """Return how a source is."""
    record, config, state = source
    return SourceStatus(
        name=record.name,
        outcome=state.last_outcome,
        last_good_at=state.last_good_at or record.created_at,
        interval_seconds=config.every_seconds,
        failures=state.failures,
        is_paused=state.paused,
        is_waiting=state.pending is not None,
        models=state.counts.get("listed", 0),
        suppressed=state.counts.get("suppressed", 0),
        path=tuple(state.memory.get(PATH, ())),
    )
