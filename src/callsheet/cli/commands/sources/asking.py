"""What an upstream lists now, and the plan of what would come of it."""

from collections.abc import Callable, Iterable

from callsheet.cli.database import clock
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.plan.plan import Plan
from callsheet.service.apply import preview
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.listing import Lists
from callsheet.service.sync.planning import ask_upstream
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction


def ask(config: SourceConfig, organization_id: str, store: Store | None = None) -> Lists:
    """Return what the upstream lists now; see `ask_upstream`."""
    return ask_upstream(config, organization_id, clock, store)


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
