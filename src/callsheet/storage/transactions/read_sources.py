"""Reading sources: how they are configured, how their runs went, and what they no longer list."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import null, select

from callsheet.domain.sources.absence import Absence
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.sources.state import SourceState
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.selecting import Selecting, plain

_STATES: Final = tables.source_states.c


class SourcesReading(Selecting):
    """What can be read of sources in one transaction."""

    def sources(self, names: Iterable[str] | None = None) -> list[SourceRecord]:
        """Return the sources, all or those with these names, by position."""
        found = map(rows.read_source, self._rows(tables.sources, "name", names))
        return sorted(found, key=lambda each: (each.position, each.name))

    def source(self, name: str) -> SourceRecord | None:
        """Return the source with this name."""
        return next(iter(self.sources([name])), None)

    def source_states(self, names: Iterable[str] | None = None) -> dict[str, SourceState]:
        """Return name to state, of all sources or of these."""
        found = map(rows.read_source_state, self._rows(tables.source_states, "name", names))
        return {state.name: state for state in found}

    def source_states_in_short(self) -> dict[str, SourceState]:
        """Return name to state, of all sources, with an empty object in place of what waits, which may be large."""
        columns = [column for column in _STATES if column.name != "pending"]
        waits = _STATES.pending.is_not(null()).label("pending")
        found = plain(self._connection.execute(select(*columns, waits)))
        states = (rows.read_source_state({**row, "pending": {} if row["pending"] else None}) for row in found)
        return {state.name: state for state in states}

    def absences(self, source: str) -> dict[str, Absence]:
        """Return model id to absence, of every model that this source no longer lists."""
        found = map(rows.read_absence, self._rows(tables.absences, "source", [source]))
        return {absence.model_id: absence for absence in found}
