"""Reading of retirements: which models retire themselves, how dates have moved, and the calendars."""

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy import select

from callsheet.domain.access.calendar import Calendar
from callsheet.domain.model import Model
from callsheet.domain.retirement.dates import DateRecord
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.selecting import ROW_BATCH_SIZE, Selecting

_THAT_RETIRE_THEMSELVES: Final = select(tables.models).where(tables.models.c.retires_itself.is_(True))


class RetirementsReading(Selecting):
    """What is read of retirements in one transaction."""

    def models_that_retire_themselves(self) -> Iterator[Model]:
        """Yield the models with `Model.retires_itself`, in no order; they are few."""
        for part in self._connection.execute(_THAT_RETIRE_THEMSELVES).partitions(ROW_BATCH_SIZE):
            yield from map(rows.model_of, part)

    def retirement_dates(self, model_ids: Iterable[str] | None = None) -> dict[str, DateRecord]:
        """Return what is remembered of the dates of retirements that have moved, of all models or of these."""
        found = map(rows.read_date, self._rows(tables.retirement_dates, "model_id", model_ids))
        return {each.model_id: each for each in found}

    def calendars(self, ids: Iterable[str] | None = None) -> list[Calendar]:
        """Return the calendars, revoked ones too, all or those with these ids, oldest first."""
        found = map(rows.read_calendar, self._rows(tables.calendars, "id", ids))
        return sorted(found, key=lambda each: (each.created_at, each.id))
