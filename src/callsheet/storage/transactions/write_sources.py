"""Writing sources: their configuration, which is recorded, and the state of their runs, which is not."""

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import or_, update

from callsheet.domain.sources.absence import Absence
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.domain.times import format_instant
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.put import add_rows, delete_rows, put_rows
from callsheet.storage.transactions.read_sources import SourcesReading

_STATES = tables.source_states.c


class SourcesWriting(SourcesReading):
    """What can be written of sources in one transaction.

    Only the configuration is the subject of changes: states, leases and absences raise no revision.
    """

    def put_source(self, source: SourceRecord) -> None:
        """Add or replace a source; a new one gets the state of one that has never run. Either is due at once."""
        put_rows(self._connection, tables.sources, [rows.source_row(source)])
        due = update(tables.source_states).where(_STATES.name == source.name).values(next_run_at=None)
        if not self._connection.execute(due).rowcount:
            self.put_source_state(SourceState(source.name))

    def remove_source(self, name: str) -> None:
        """Drop a source, with its state and absences. Its claims stay until they are released."""
        for table, column in (
            (tables.absences, "source"),
            (tables.source_states, "name"),
            (tables.sources, "name"),
        ):
            delete_rows(self._connection, table, [column], [[name]])

    def put_source_state(self, state: SourceState) -> None:
        """Replace the state of a source, but for its lease; the source must be there."""
        put_rows(self._connection, tables.source_states, [rows.source_state_row(state)])

    def put_absences(self, source: str, absences: Iterable[Absence]) -> None:
        """Add or replace absences from a source, of which each model has at most one."""
        wanted = {absence.model_id: rows.absence_row(source, absence) for absence in absences}
        self.delete_absences(source, wanted)
        add_rows(self._connection, tables.absences, wanted.values())

    def delete_absences(self, source: str, model_ids: Iterable[str]) -> None:
        """Drop the absences of these models from a source, as it lists them again."""
        keys = ((source, model_id) for model_id in model_ids)
        delete_rows(self._connection, tables.absences, ["source", "model_id"], keys)

    def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Let ``holder`` alone run a source; return False if another has the lease, or there is no such source.

        One who has it may take it again, to have it for longer.

        Parameters
        ----------
        name
            Of the source.
        holder
            At most 128 characters that no other process has.
        now, until
            The time, and when the lease ends by itself (both aware); kept to the second, ``until`` rounded up.
        """
        free = or_(
            _STATES.lease_holder.is_(None),
            _STATES.lease_until.is_(None),
            _STATES.lease_until <= _second(now),
            _STATES.lease_holder == holder,
        )
        taken = update(tables.source_states).where(_STATES.name == name, free)
        values = {"lease_holder": holder, "lease_until": _second(until, up=True)}
        return self._connection.execute(taken.values(values)).rowcount == 1

    def release_lease(self, name: str, holder: str) -> None:
        """Let others run a source again, if ``holder`` has the lease."""
        own = update(tables.source_states).where(_STATES.name == name, _STATES.lease_holder == holder)
        self._connection.execute(own.values(lease_holder=None, lease_until=None))


def _second(instant: datetime, *, up: bool = False) -> str:
    """The instant as text that is compared as times are: all of one length, unlike with fractions."""
    seconds = instant.timestamp()
    return format_instant(datetime.fromtimestamp(math.ceil(seconds) if up else math.floor(seconds), UTC))
