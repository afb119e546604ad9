"""Writing of retirements: where their dates have moved is remembered with the change that moves them."""

from collections.abc import Iterable
from datetime import datetime

from callsheet.domain.changes.change import AnyChange
from callsheet.domain.model import Model
from callsheet.domain.retirement.dates import DateRecord, has_moved, moved
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.put import put_rows
from callsheet.storage.transactions.read_retirements import RetirementsReading


class RetirementsWriting(RetirementsReading):
    """What is written of retirements in one transaction; no change record is made of it."""

    def remember_dates(self, changes: Iterable[AnyChange], now: datetime) -> None:
        """Remember which dates of retirements ``changes``, made at ``now``, have moved."""
        sides = [
            (change.subject, _model(change.before), _model(change.after))
            for change in changes
            if isinstance(change.value, Model)
        ]
        sides = [each for each in sides if has_moved(*each[1:])]
        if not sides:
            return
        known = self.retirement_dates(model_id for model_id, _, _ in sides)
        fresh: dict[str, DateRecord] = {}
        for model_id, before, after in sides:
            record = moved(fresh.get(model_id, known.get(model_id)), before, after, now)
            if record is not None:
                fresh[model_id] = record
        put_rows(self._connection, tables.retirement_dates, map(rows.date_row, fresh.values()))


def _model(side: object) -> Model | None:
    return side if isinstance(side, Model) else None
