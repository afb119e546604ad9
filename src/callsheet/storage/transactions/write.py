"""Writing: what can be written to the tables in one transaction."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select, update

from callsheet.domain.changes.change import Action, AnyChange, Subject
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import Claims
from callsheet.domain.claims.manager import PERSON, Manager
from callsheet.domain.events import EventCollector, Origin
from callsheet.domain.sources.state import SourceState
from callsheet.domain.times import format_instant
from callsheet.storage import tables
from callsheet.storage.database import Database
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.outcome import Outcome
from callsheet.storage.transactions.put import add_rows, delete_rows, put_rows
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.read_webhooks import Wanting
from callsheet.storage.transactions.write_admin import AdminWriting
from callsheet.storage.transactions.write_retirements import RetirementsWriting
from callsheet.storage.transactions.write_sessions import SessionsWriting
from callsheet.storage.transactions.write_sources import SourcesWriting
from callsheet.storage.transactions.write_webhooks import WebhooksWriting

#: How a run of a source ends whose list waits for a person.
_QUARANTINED: Final = "quarantined"

_REVISION: Final = select(tables.installation.c.revision)
_RAISE_REVISION: Final = update(tables.installation).values(revision=tables.installation.c.revision + 1)


class WriteTransaction(
    ReadTransaction, SourcesWriting, AdminWriting, SessionsWriting, RetirementsWriting, WebhooksWriting
):
    """What can be written in one transaction: by `apply`, which records each change in the same one.

    `create_installation` comes before the first change; `record` is for what changes everything, as a restore does.
    """

    def __init__(
        self, connection: Connection, database: Database, actor: str, now: datetime, reason: str | None = None
    ) -> None:
        super().__init__(connection)
        self._database = database
        self.reason = reason
        self.now = now
        self._at = format_instant(now)
        self._actor = actor
        self._recorded_subjects: set[tuple[str, str]] = set()  # kinds and subjects with a record
        self._revision: int | None = None
        self._wanting: list[Wanting] | None = None
        self._collector: EventCollector | None = None

    def create_installation(
        self, organization_id: str, default_workspace_id: str, builtin: BuiltinMode = BuiltinMode.LIST
    ) -> None:
        """Set the values of the whole installation, which are one row."""
        row = {
            "id": 1,
            "organization_id": organization_id,
            "default_workspace_id": default_workspace_id,
            "revision": 0,
            "builtin": builtin,
            "facts": None,
        }
        add_rows(self._connection, tables.installation, [row])

    def set_builtin(self, mode: BuiltinMode) -> None:
        """Say what the built-in facts are for, and record it."""
        installation = self.installation()
        if installation is not None and installation.builtin is not mode:
            self._connection.execute(update(tables.installation).values(builtin=mode))
            sides = {"builtin": installation.builtin}, {"builtin": mode}
            self.record(Action.CHANGE, Subject.INSTALLATION, installation.organization_id, *sides)

    def set_facts(self, facts: str) -> None:
        """Note which built-in facts are claimed. That raises no revision."""
        self._connection.execute(update(tables.installation).values(facts=facts))

    def apply(self, changes: Iterable[AnyChange]) -> None:
        """Make changes, one after the other, and record each; of claims, only those whose subject has no record.

        Each row is written once, as the last change leaves it, in an order that references allow; so thousands of
        changes are a few statements. `Change.before` of claims must be as it was read in this transaction.
        """
        made = list(changes)
        if not made:
            return
        if (collector := self._collecting()) is not None:
            collector.add(made)
        self._write(Outcome.of(made, self._current_revision()))
        self.remember_dates(made, self.now)
        self._recorded_subjects.update(
            (change.kind, change.subject) for change in made if not isinstance(change.value, Claims)
        )
        add_rows(self._connection, tables.changes, self._records_of(made))

    def _write(self, outcome: Outcome) -> None:
        connection = self._connection
        delete_rows(connection, tables.claims, ["kind", "subject", "manager"], outcome.replaced_claims)
        add_rows(connection, tables.claims, map(rows.claims_row, outcome.claims.values()))
        delete_rows(connection, tables.aliases, ["alias"], ([alias] for alias in outcome.removed_aliases))
        put_rows(connection, tables.models, map(rows.model_row, outcome.models.values()))
        delete_rows(connection, tables.tombstones, ["id"], ([model_id] for model_id in outcome.models))
        put_rows(connection, tables.aliases, map(rows.alias_row, outcome.aliases.items()))
        delete_rows(connection, tables.models, ["id"], ([model_id] for model_id in outcome.removed_models))
        put_rows(connection, tables.tombstones, map(rows.tombstone_row, outcome.removed_models.values()))
        put_rows(connection, tables.workspaces, map(rows.workspace_row, outcome.workspaces.values()))
        keys = map(rows.key_row, outcome.keys.values())
        put_rows(connection, tables.api_keys, keys, new={"created_by": self._actor})
        put_rows(connection, tables.webhooks, map(rows.webhook_row, outcome.webhooks.values()))
        put_rows(connection, tables.admin_keys, map(rows.admin_key_row, outcome.admin_keys.values()))
        put_rows(connection, tables.calendars, map(rows.calendar_row, outcome.calendars.values()))
        for source in outcome.sources.values():
            self.put_source(source)
        for name in outcome.removed_sources:
            self.remove_source(name)

    def put_source_state(self, state: SourceState) -> None:
        """Replace the state of a source, but for its lease; that its list has to wait for a person is an event."""
        if state.last_outcome == _QUARANTINED and (collector := self._collecting()) is not None:
            past = self.source_states([state.name]).get(state.name)
            if past is None or (past.last_outcome, past.last_error) != (state.last_outcome, state.last_error):
                collector.quarantine(state.name, state.last_error)
        super().put_source_state(state)

    def finish(self) -> None:
        """Put the events that the changes come to into the outbox; to be called once, before the commit."""
        if self._collector is None:
            return
        revision = self._revision
        if revision is None:
            revision = int(self._connection.execute(_REVISION).scalar_one())
        events = self._collector.events(Origin(revision, self.now, self._actor, self.reason))
        if self.enqueue(events, self._wanting or ()) and self._revision is None:
            self.announce()

    def announce(self) -> None:
        """Wake those who send, where no revision does."""
        installation = self.installation()
        self._database.announce(self._connection, 0 if installation is None else installation.revision)

    def record(
        self,
        action: str,
        kind: str,
        subject: str,
        before: Mapping[str, object] | None,
        after: Mapping[str, object] | None,
    ) -> None:
        """Append a change record; the first of a transaction raises the revision."""
        add_rows(self._connection, tables.changes, [self._recorded(action, kind, subject, before, after)])

    def _records_of(self, changes: Iterable[AnyChange]) -> Iterator[dict[str, Any]]:
        for change in changes:
            value = change.value
            if isinstance(value, Claims):
                if (value.kind, value.subject) in self._recorded_subjects:
                    continue
                manager: Manager | None = value.manager
            else:
                manager = change.manager
            before, after = (None if side is None else side.record() for side in (change.before, change.after))
            yield self._recorded(change.action, change.kind, change.subject, before, after, manager)

    def _recorded(
        self,
        action: str,
        kind: str,
        subject: str,
        before: Mapping[str, object] | None,
        after: Mapping[str, object] | None,
        manager: Manager | None = None,
    ) -> dict[str, Any]:
        return {
            "revision": self._current_revision(),
            "at": self._at,
            "actor": self._actor,
            "action": action,
            "kind": kind,
            "subject": subject,
            "before": before,
            "after": after,
            "manager": None if manager in (None, PERSON) else str(manager),
            "reason": self.reason,
        }

    def _collecting(self) -> EventCollector | None:
        """What takes the changes of this transaction; None as long as no webhook is to be sent anything."""
        if self._wanting is None:
            self._wanting = self.wanting()
            self._collector = EventCollector() if self._wanting else None
        return self._collector

    def _current_revision(self) -> int:
        """The revision of this transaction; the first call raises it."""
        if self._revision is None:
            self._connection.execute(_RAISE_REVISION)
            self._revision = int(self._connection.execute(_REVISION).scalar_one())
            self._database.announce(self._connection, self._revision)
        return self._revision
