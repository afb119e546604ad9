"""Importing: a list that a person has once, as what a file claims.

A file claims its models, and not the person: so what people change of them afterwards outranks the list, shows as
theirs and can be released, the list can be imported again under the same name, and a catalogue file of that manager
takes it over. As a person's, hundreds of imported facts would outrank every source for good.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.sources.settle import settle
from callsheet.sources.upstream import Listed
from callsheet.storage.transactions.read import ReadTransaction


def import_of(
    reading: ReadTransaction, manager: Manager, listed: Sequence[Listed], now: datetime
) -> list[AnyChange]:
    """Return what changes if ``manager`` claims these models; what it claims of others stays.

    Raises
    ------
    ConflictError
        A model has the name of an alias that a person or a file lists.
    """
    before = {each.subject: each for each in reading.claims_by(manager, ClaimKind.MODEL)}
    return claim(reading, _claims(manager, listed, before, now))


def _claims(
    manager: Manager, listed: Iterable[Listed], before: Mapping[str, Claims], now: datetime
) -> Iterable[Claims]:
    for each in listed:
        known = before.get(each.id)
        yield Claims(each.id, manager, True, settle(each.fields, None if known is None else known.fields, now))
        for alias in each.aliases:
            yield Claims(alias, manager, True, {"model_id": each.id}, ClaimKind.ALIAS)
