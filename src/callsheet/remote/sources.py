"""Sources over the administration API."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.plan.governed import Governed
from callsheet.domain.plan.plan import Plan
from callsheet.remote.connection import Connection
from callsheet.remote.doing import PlannedError, Sender, plan_of
from callsheet.remote.records import source_of
from callsheet.service.sync.decide import Outcome
from callsheet.service.sync.intents import Intent, Verb
from callsheet.service.sync.report import Report
from callsheet.service.sync.sources import Source

_SOURCES: Final = ("catalog", "sources")
_BUILTIN: Final = ("catalog", "builtin")


class WaitingPlan(NamedTuple):
    """What a list would change, and why it waits for a person; empty if none waits."""

    waits: str
    plan: Plan


class RemoteSources:
    """The twin of `callsheet.service.sync.sources.SourcesService`."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._connection: Connection = sender.connection

    def list(self) -> Sequence[Source]:
        return [source_of(each) for each in self._connection.get(*_SOURCES)["data"]]

    def show(self, name: str) -> Source:
        return source_of(self._connection.get(*_SOURCES, name))

    def change(self, name: str, change: Mapping[str, Any], before: str | None = None) -> Source:
        return source_of(self._sender.post(*_SOURCES, name, body={"config": dict(change), "before": before}))

    def remove(self, name: str) -> Source:
        return source_of(self._sender.delete(*_SOURCES, name))

    def forget(self, name: str) -> Source:
        return self._post(name, "forget")

    def pause(self, name: str) -> Source:
        return self._post(name, "pause")

    def resume(self, name: str) -> Source:
        return self._post(name, "resume")

    def accept(self, name: str) -> Source:
        before = self.show(name)
        self._post(name, "accept")
        return before

    def reject(self, name: str) -> Source:
        before = self.show(name)
        self._post(name, "reject")
        return before

    def let_builtin(self, mode: BuiltinMode) -> bool:
        return bool(self._sender.post(*_BUILTIN, body={"mode": mode})["changed"])

    def run(self, name: str) -> Report:
        """Run a source at once, and return how that ended; errors as of `Connection.get`."""
        record = self._connection.post(*_SOURCES, name, "sync")
        outcome = record["outcome"]
        return Report(
            source=record["source"],
            outcome=None if outcome is None else Outcome(outcome),
            counts=record["counts"],
            sentence=record["sentence"] or "",
            dropped=record["dropped"],
            informs=record["informs"],
        )

    def plan(self, name: str) -> WaitingPlan:
        """Return what waits, or what the upstream lists now, would change; errors as of `Connection.get`."""
        found = self._connection.get(*_SOURCES, name, "plan")
        return WaitingPlan(found["waits"] or "", plan_of(found["plan"]))

    def governed(self, name: str) -> Governed | None:
        """Return what rules let the keys of a source see at most; None if they do not decide."""
        found = self._connection.get(*_SOURCES, name, "governed")["governed"]
        return None if found is None else Governed(**found)

    def _post(self, name: str, verb: str) -> Source:
        return source_of(self._sender.post(*_SOURCES, name, verb))


def plan_intent(connection: Connection, intent: Intent) -> Plan:
    """Return what would change if ``intent`` was done; nothing is. Errors as of `Connection.get`."""
    sources = RemoteSources(Sender(connection, dry_run=True))
    try:
        match intent.verb:
            case Verb.CHANGE:
                sources.change(intent.name, intent.members, intent.before)
            case Verb.REMOVE:
                sources.remove(intent.name)
            case Verb.FORGET:
                sources.forget(intent.name)
            case Verb.ACCEPT:
                sources.accept(intent.name)
            case Verb.BUILTIN:
                sources.let_builtin(BuiltinMode(intent.name))
    except PlannedError as planned:
        return planned.plan
    raise NotImplementedError(f"{intent.verb} of a source is not done over the administration API")
