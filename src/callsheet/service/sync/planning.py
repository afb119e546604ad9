"""What an upstream lists now, and what would come of it."""

from collections.abc import Callable
from datetime import datetime

from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.sources.source import SourceRecord
from callsheet.service.ceasing import claims_in_mode
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.listing import Lists, Upstreams, contexts_in
from callsheet.service.sync.result import look
from callsheet.service.sync.sources import addition_of
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction


def ask_upstream(
    config: SourceConfig, organization_id: str, clock: Callable[[], datetime], store: Store | None = None
) -> Lists:
    """Return what the upstream lists now.

    Parameters
    ----------
    config, organization_id
        Of the source, and of this installation.
    clock
        Gives the time (aware).
    store
        Of the catalogue that knows what the upstream does not state; None if there is none.

    Raises
    ------
    SourceError
        It cannot be asked, or answers something else.
    """
    upstreams = Upstreams(clock) if store is None else Upstreams(clock, contexts_of=contexts_in(store))
    lists = upstreams.ask(config, organization_id)
    assert lists is not None  # noqa: S101  # without validators, no upstream can say "unchanged"
    return lists


def changes_of(reading: ReadTransaction, record: SourceRecord, lists: Lists, now: datetime) -> list[AnyChange]:
    """Return what a run would change now, or, if a person has to accept the list, would change then."""
    decision, informs = look(reading, record, lists, now)
    informing = claims_in_mode(reading, BuiltinMode.INFORM) if informs else []
    return claim(reading, [*informing, *decision.changed, *decision.held])


def adding(
    reading: ReadTransaction, name: str, config: SourceConfig, lists: Lists | None, now: datetime
) -> list[AnyChange]:
    """Return what adding a source, and its first run, would change."""
    added = addition_of(reading, name, config, now)
    record = added[0].value
    if lists is None or not isinstance(record, SourceRecord):
        return [*added]
    return [*added, *changes_of(reading, record, lists, now)]
