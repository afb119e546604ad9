"""What an upstream lists now, and the plan of what would come of it."""

from collections.abc import Callable, Iterable

from callsheet.cli.database import clock
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.claiming import claim
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.plan.plan import Plan
from callsheet.domain.sources.source import SourceRecord
from callsheet.service.apply import preview
from callsheet.service.renewal import claims_in_mode
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.listing import Lists, Upstreams, contexts_in
from callsheet.service.sync.result import look
from callsheet.service.sync.sources import addition_of
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction


def ask(config: SourceConfig, organization_id: str, store: Store | None = None) -> Lists:
    """Return what the upstream lists now; SourceError if it cannot be asked, or answers something else.

    Parameters
    ----------
    store
        Of the catalogue that knows what the upstream does not state; None if there is none.
    """
    upstreams = Upstreams(clock) if store is None else Upstreams(clock, contexts_of=contexts_in(store))
    lists = upstreams.ask(config, organization_id)
    assert lists is not None  # noqa: S101  # without validators, no upstream can say "unchanged"
    return lists


def changes_of(reading: ReadTransaction, record: SourceRecord, lists: Lists) -> list[AnyChange]:
    """Return what a run would change now, or, if a person has to accept the list, would change then."""
    decision, informs = look(reading, record, lists, clock())
    informing = claims_in_mode(reading, BuiltinMode.INFORM) if informs else []
    return claim(reading, [*informing, *decision.changed, *decision.held])


def adding(reading: ReadTransaction, name: str, config: SourceConfig, lists: Lists | None) -> list[AnyChange]:
    """Return what adding a source, and its first run, would change."""
    added = addition_of(reading, name, config, clock())
    record = added[0].value
    if lists is None or not isinstance(record, SourceRecord):
        return [*added]
    return [*added, *changes_of(reading, record, lists)]


def planned(store: Store, decide: Callable[[ReadTransaction], Iterable[AnyChange]]) -> Plan:
    """Return the plan of what ``decide`` comes to, with its impact."""
    return preview(store, lambda deciding: decide(deciding.reading), clock())


def print_dry_run(store: Store, decide: Callable[[ReadTransaction], Iterable[AnyChange]], *, as_json: bool) -> None:
    """Print the plan of what ``decide`` comes to; nothing is changed."""
    from callsheet.cli.output.plan import print_plan, say_dry_run  # for dry runs only

    with store.read() as reading:
        workspaces = {each.id: each.name for each in reading.workspaces()}
    print_plan(planned(store, decide), as_json=as_json, workspaces=workspaces)
    say_dry_run()
