"""Reading claims: who says what of which model or alias."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from sqlalchemy import Select, bindparam, select

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.selecting import ROW_BATCH_SIZE, VALUE_BATCH_SIZE, Selecting, is_nowhere

_CLAIMS: Final = tables.claims.c

_SAID: Final = select(_CLAIMS.subject, _CLAIMS.kind, _CLAIMS.manager, _CLAIMS.lists, _CLAIMS.fields)
_ALL: Final = select(_CLAIMS.subject, _CLAIMS.kind, _CLAIMS.manager, _CLAIMS.lists, _CLAIMS.fields, _CLAIMS.since)
_OF_SUBJECTS: Final = _ALL.where(
    _CLAIMS.kind == bindparam("kind"), _CLAIMS.subject.in_(bindparam("values", expanding=True))
)
_TOWARDS: Final = _ALL.where(_CLAIMS.target.in_(bindparam("values", expanding=True)))
_POSITIONS: Final = select(tables.sources.c.name, tables.sources.c.position)


class ClaimsReading(Selecting):
    """What can be read of claims in one transaction."""

    def claims_of(self, subjects: Iterable[str], kind: ClaimKind = ClaimKind.MODEL) -> dict[str, list[Claims]]:
        """Return subject to the claims that are stored on it, in no order; a subject without any is not in it."""
        found: dict[str, list[Claims]] = {}
        for each in self._claims_with(_OF_SUBJECTS, subjects, kind=kind):
            found.setdefault(each.subject, []).append(each)
        return found

    def claims_towards(self, targets: Iterable[str]) -> Iterator[Claims]:
        """Yield the claims whose `Claims.target` is one of these models: aliases, and ``same_as``; in no order."""
        return self._claims_with(_TOWARDS, targets)

    def claims_by(self, manager: Manager, kind: ClaimKind | None = None) -> Iterator[Claims]:
        """Yield every claim of this manager, or those of one kind, in no order."""
        query = _ALL.where(_CLAIMS.manager == str(manager))
        return self._claims(query if kind is None else query.where(_CLAIMS.kind == kind))

    def said_by(self, manager: Manager) -> Iterator[Claims]:
        """Yield what `claims_by` does, without since when each field is claimed, which takes time to read."""
        query = _SAID.where(_CLAIMS.manager == str(manager))
        result = self._connection.execute(query, execution_options={"yield_per": ROW_BATCH_SIZE})
        return (rows.read_claims(*row, {}) for part in result.partitions(ROW_BATCH_SIZE) for row in part)

    def suppressions(self, kind: ClaimKind = ClaimKind.MODEL) -> Iterator[Claims]:
        """Yield the claims that a model, or an alias, does not exist, in no order."""
        query = _ALL.where(_CLAIMS.kind == kind, _CLAIMS.lists.is_(False))
        return self._claims(query)

    def every_claim(self) -> Iterator[Claims]:
        """Yield all claims of all managers, in no order."""
        return self._claims(_ALL)

    def positions(self) -> dict[str, int]:
        """Return position by name of every source and enrichment."""
        return {row.name: row.position for row in self._connection.execute(_POSITIONS)}

    def _claims_with(self, query: Select[Any], values: Iterable[str], **others: object) -> Iterator[Claims]:
        remaining = (value for value in dict.fromkeys(values) if not is_nowhere(value))
        while some := list(islice(remaining, VALUE_BATCH_SIZE)):
            yield from self._claims(query, values=some, **others)

    def _claims(self, query: Select[Any], **values: object) -> Iterator[Claims]:
        result = self._connection.execute(query, values, execution_options={"yield_per": ROW_BATCH_SIZE})
        return (rows.read_claims(*row) for part in result.partitions(ROW_BATCH_SIZE) for row in part)
