"""Sources as commands reach them: in a database, or by a server."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from callsheet.cli.commands.sources.asking import ask
from callsheet.cli.commands.sources.opening import open_store, organization_of, runner_of, sources_of
from callsheet.cli.database import clock, connect
from callsheet.cli.output.gateway import govern_line
from callsheet.cli.remote_option import ServerURL
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.plan.plan import Plan
from callsheet.service.apply import preview
from callsheet.service.govern import governed
from callsheet.service.sync.intents import Intent, Verb
from callsheet.service.sync.planning import changes_of
from callsheet.service.sync.report import Report
from callsheet.service.sync.sources import Source
from callsheet.service.sync.write import Progress
from callsheet.storage.store import Store
from callsheet.storage.transactions.read import ReadTransaction

if TYPE_CHECKING:
    from callsheet.remote.connection import Connection
    from callsheet.service.administration import Sources


class SourcesDoor(Protocol):
    """The sources of an installation."""

    @property
    def service(self) -> "Sources":
        """What changes and judges them."""

    def plan(self, intent: Intent) -> Plan:
        """Return what would change if ``intent`` was done."""

    def waiting_plan(self, name: str) -> tuple[str, Plan]:
        """Return why a list waits, or nothing, and what that, or what the upstream lists now, would change."""

    def workspaces(self) -> Mapping[str, str]:
        """Return the names of workspaces by id."""

    def run(self, name: str, progress: Progress) -> Report:
        """Run a source at once; ConflictError if it was changed meanwhile."""

    def warning(self, source: Source) -> str:
        """Return a warning that the keys of a source see nothing of what it lists; empty if they do."""


class LocalSources:
    """Those of a database."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.service: Sources = sources_of(store)

    def plan(self, intent: Intent) -> Plan:
        """Return what would change if ``intent`` was done."""
        return self._planned(lambda reading: intent.changes(reading, clock()))

    def waiting_plan(self, name: str) -> tuple[str, Plan]:
        """Return why a list waits, or nothing, and what that, or what the upstream lists now, would change."""
        source = self.service.show(name)
        if source.pending is not None:
            return source.pending.sentence, self.plan(Intent(Verb.ACCEPT, name))
        lists = ask(source.config, organization_of(self._store), self._store)
        return "", self._planned(lambda reading: changes_of(reading, source.record, lists, clock()))

    def workspaces(self) -> Mapping[str, str]:
        """Return the names of workspaces by id."""
        with self._store.read() as reading:
            return {each.id: each.name for each in reading.workspaces()}

    def run(self, name: str, progress: Progress) -> Report:
        """Run a source at once; ConflictError if it was changed meanwhile."""
        return runner_of(self._store).run(name, progress)

    def warning(self, source: Source) -> str:
        """Return a warning that the keys of a source see nothing of what it lists; empty if they do."""
        with self._store.read() as reading:
            return govern_line(governed(reading, source.name, source.record.config), source.name)

    def _planned(self, decide: Callable[[ReadTransaction], Iterable[AnyChange]]) -> Plan:
        return preview(self._store, lambda deciding: decide(deciding.reading), clock())


class ServedSources:
    """Those of a server."""

    def __init__(self, connection: "Connection") -> None:
        from callsheet.remote.doing import Sender  # brings an HTTP client, for --remote only
        from callsheet.remote.sources import RemoteSources

        self._connection = connection
        self._sources = RemoteSources(Sender(connection))
        self.service: Sources = self._sources

    def plan(self, intent: Intent) -> Plan:
        """Return what would change if ``intent`` was done."""
        from callsheet.remote.sources import plan_intent

        return plan_intent(self._connection, intent)

    def waiting_plan(self, name: str) -> tuple[str, Plan]:
        """Return why a list waits, or nothing, and what that, or what the upstream lists now, would change."""
        return self._sources.plan(name)

    def workspaces(self) -> Mapping[str, str]:
        """Return the names of workspaces by id."""
        from callsheet.remote.access import RemoteAccess
        from callsheet.remote.doing import Sender

        return {each.id: each.name for each in RemoteAccess(Sender(self._connection)).list_workspaces()}

    def run(self, name: str, progress: Progress) -> Report:
        """Run a source at once."""
        progress(f"Asking {name}", 0, 1)
        return self._sources.run(name)

    def warning(self, source: Source) -> str:
        """Return a warning that the keys of a source see nothing of what it lists; empty if they do."""
        return govern_line(self._sources.governed(source.name), source.name)


def open_door(database: str | None) -> SourcesDoor:
    """Return the sources that a command works on."""
    if isinstance(database, ServerURL):
        return ServedSources(connect(database))
    return LocalSources(open_store(database))


def active(sources: Sequence[Source]) -> list[str]:
    """Return the names of those that are not paused."""
    return [source.name for source in sources if not source.state.paused]
