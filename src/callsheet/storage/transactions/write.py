"""Writing: what can be written to the tables in one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from callsheet.domain.access.key import APIKey
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.model import Model
from callsheet.domain.times import format_instant
from callsheet.storage import tables
from callsheet.storage.database import Database
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.read import ReadTransaction


class WriteTransaction(ReadTransaction):
    """What can be written in one transaction: by `apply`, which records each change in the same one.

    Those that put or remove one thing are its steps. `create_installation` comes before the first change, and
    `record` is for what changes everything, as a restore does.
    """

    def __init__(self, connection: Connection, database: Database, actor: str, now: datetime) -> None:
        super().__init__(connection)
        self._database = database
        self.now = now
        self._actor = actor
        self._revision: int | None = None

    def create_installation(self, organization_id: str, default_workspace_id: str) -> None:
        """Set the values of the whole installation, which are one row."""
        self._insert(
            tables.installation,
            [
                {
                    "id": 1,
                    "organization_id": organization_id,
                    "default_workspace_id": default_workspace_id,
                    "revision": 0,
                }
            ],
        )

    def apply(self, changes: Iterable[AnyChange]) -> None:
        """Make changes, in their order, and record each.

        Keys that are new, of which there may be thousands, are one statement, and so are all records.
        """
        made = list(changes)
        for are_new_keys, some in groupby(made, _is_new_key):
            if are_new_keys:
                new = (change.after for change in some)
                self._insert(tables.api_keys, [rows.key_row(key) for key in new if isinstance(key, APIKey)])
            else:
                for change in some:
                    self._write(change)
        if made:
            self._insert(tables.changes, list(map(self._record_of, made)))

    def _write(self, change: AnyChange) -> None:
        match change.value:
            case Model() as model if change.after is None:
                self.remove_model(model)
            case Model() as model:
                self.put_model(model)
            case Alias(alias) if change.after is None:
                self.remove_alias(alias)
            case Alias(alias, model_id):
                self.put_alias(alias, model_id)
            case Workspace() as workspace:
                self.put_workspace(workspace)
            case APIKey() as key:
                self.put_key(key)

    def put_model(self, model: Model) -> None:
        """Add or replace a model; its tombstone, if it had one, is lifted."""
        self._put(tables.models, "id", rows.model_row(model))
        self._delete(tables.tombstones, "id", model.id)

    def remove_model(self, model: Model) -> None:
        """Drop a model, leaving its tombstone. Its aliases must be gone."""
        self._delete(tables.models, "id", model.id)
        self._put(tables.tombstones, "id", rows.tombstone_row(model))

    def put_alias(self, alias: str, model_id: str) -> None:
        """Add an alias."""
        self._put(tables.aliases, "alias", {"alias": alias, "model_id": model_id})

    def remove_alias(self, alias: str) -> None:
        """Drop an alias."""
        self._delete(tables.aliases, "alias", alias)

    def put_workspace(self, workspace: Workspace) -> None:
        """Add or replace a workspace."""
        self._put(tables.workspaces, "id", rows.workspace_row(workspace))

    def put_key(self, key: APIKey) -> None:
        """Add or replace an API key."""
        self._put(tables.api_keys, "id", rows.key_row(key))

    def record(
        self,
        action: str,
        kind: str,
        subject: str,
        before: Mapping[str, object] | None,
        after: Mapping[str, object] | None,
    ) -> None:
        """Append a change record; the first of a transaction raises the revision."""
        self._insert(tables.changes, [self._recorded(action, kind, subject, before, after)])

    def _record_of(self, change: AnyChange) -> dict[str, Any]:
        sides = (None if side is None else side.record() for side in (change.before, change.after))
        return self._recorded(change.action, change.kind, change.subject, *sides)

    def _recorded(
        self,
        action: str,
        kind: str,
        subject: str,
        before: Mapping[str, object] | None,
        after: Mapping[str, object] | None,
    ) -> dict[str, Any]:
        if self._revision is None:
            self._revision = self._raise_revision()
        return {
            "revision": self._revision,
            "at": format_instant(self.now),
            "actor": self._actor,
            "action": action,
            "kind": kind,
            "subject": subject,
            "before": before,
            "after": after,
        }

    def _raise_revision(self) -> int:
        column = tables.installation.c.revision
        self._connection.execute(update(tables.installation).values(revision=column + 1))
        revision = int(self._connection.execute(select(column)).scalar_one())
        self._database.announce(self._connection, revision)
        return revision

    def _put(self, table: Table, key: str, row: dict[str, Any]) -> None:
        result = self._connection.execute(update(table).where(table.c[key] == row[key]).values(row))
        if not result.rowcount:
            self._insert(table, [row])

    def _insert(self, table: Table, values: Sequence[dict[str, Any]]) -> None:
        self._connection.execute(insert(table), values)

    def _delete(self, table: Table, key: str, value: str) -> None:
        self._connection.execute(delete(table).where(table.c[key] == value))


def _is_new_key(change: AnyChange) -> bool:
    return change.before is None and isinstance(change.after, APIKey)
