"""Store: reading and writing the tables, one transaction at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, CursorResult, Select, Table, bindparam, delete, func, insert, select, update

from callsheet.domain.access import APIKey, Workspace
from callsheet.domain.errors import StorageError
from callsheet.domain.model import Model
from callsheet.domain.times import format_instant
from callsheet.storage import rows, schema, tables
from callsheet.storage.database import Database, database_at
from callsheet.storage.rows import Row
from callsheet.storage.schema import Schema
from callsheet.storage.watch import Watch

_IN: Final = 500  # values in one IN list
_AT_ONCE: Final = 1000  # rows fetched at a time


@dataclass(frozen=True, slots=True)
class Installation:
    """What there is one of.

    Parameters
    ----------
    organization_id
        A UUID.
    default_workspace_id
        Of the workspace made first.
    revision
        Counts the transactions that changed something.
    """

    organization_id: str
    default_workspace_id: str
    revision: int


class Recorded(NamedTuple):
    """A change record, without what it was that changed.

    Parameters
    ----------
    number
        Counts the records.
    revision, at
        Of the transaction, and when it was.
    kind, subject
        What was changed: ``model`` and its id, and so on.
    """

    number: int
    revision: int
    at: str
    kind: str
    subject: str


#: Made once: to write a statement takes longer than to look up what it reads.
_INSTALLATION: Final = select(tables.installation)
_RECORDS: Final = (
    select(*(tables.changes.c[name] for name in Recorded._fields))
    .where(tables.changes.c.revision >= bindparam("revision"), tables.changes.c.number >= bindparam("number"))
    .order_by(tables.changes.c.number)
)


class Reading:
    """What can be read in one transaction: everything in it is of one moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def installation(self) -> Installation | None:
        """Return the installation, or None if nothing has been set up yet."""
        row = self._connection.execute(_INSTALLATION).first()
        if row is None:
            return None
        return Installation(row.organization_id, row.default_workspace_id, row.revision)

    def models(self, ids: Iterable[str] | None = None) -> Iterator[Model]:
        """Yield the models, all or those with these ids, in no order."""
        return self._models("id", ids)

    def count_models(self) -> int:
        """Return how many models there are."""
        return int(self._connection.execute(select(func.count()).select_from(tables.models)).scalar_one())

    def model(self, model_id: str) -> Model | None:
        """Return the model with this id."""
        return next(self.models([model_id]), None)

    def aliases(self, names: Iterable[str] | None = None) -> dict[str, str]:
        """Return alias to model id, of all or of these aliases."""
        return {row["alias"]: row["model_id"] for row in self._rows(tables.aliases, "alias", names)}

    def aliases_of(self, model_id: str) -> list[str]:
        """Return the aliases that mean this model, sorted."""
        return sorted(row["alias"] for row in self._rows(tables.aliases, "model_id", [model_id]))

    def tombstones(self, ids: Iterable[str] | None = None) -> dict[str, str]:
        """Return id to sort key, of all removed models or of these."""
        return dict(map(rows.read_tombstone, self._rows(tables.tombstones, "id", ids)))

    def replaced_by(self, model_id: str) -> list[Model]:
        """Return the models whose replacement is this one."""
        return list(self._models("replacement", [model_id]))

    def workspaces(self, ids: Iterable[str] | None = None) -> Iterator[Workspace]:
        """Yield the workspaces, archived ones too, all or those with these ids."""
        return map(rows.read_workspace, self._rows(tables.workspaces, "id", ids))

    def workspaces_named(self, name: str) -> list[Workspace]:
        """Return the workspaces with this name, archived ones too."""
        return list(map(rows.read_workspace, self._rows(tables.workspaces, "name", [name])))

    def api_keys(self, ids: Iterable[str] | None = None) -> Iterator[APIKey]:
        """Yield the API keys, archived ones too, all or those with these ids."""
        return map(rows.read_key, self._rows(tables.api_keys, "id", ids))

    def key_with(self, fingerprint: bytes) -> APIKey | None:
        """Return the key with this fingerprint."""
        found = self._rows(tables.api_keys, "fingerprint", [fingerprint])
        return next(map(rows.read_key, found), None)

    def changes(self, subject: str | None = None, limit: int = 100) -> list[Row]:
        """Return the latest change records, newest first, of everything or of one subject."""
        query = select(tables.changes).order_by(tables.changes.c.number.desc()).limit(limit)
        if subject is not None:
            query = query.where(tables.changes.c.subject == subject)
        return list(_plain(self._connection.execute(query)))

    def last_change(self, revision: int) -> tuple[int, str] | None:
        """Return number and time of the last change record of a revision: what tells one history from another."""
        changes = tables.changes.c
        query = select(changes.number, changes.at).where(changes.revision == revision)
        row = self._connection.execute(query.order_by(changes.number.desc()).limit(1)).first()
        return None if row is None else (row.number, row.at)

    def recorded_from(self, revision: int, number: int) -> Iterator[Recorded]:
        """Yield the change records from this revision and this number on, in their order."""
        first = {"revision": revision, "number": number}
        return (Recorded(*row) for row in self._connection.execute(_RECORDS, first))

    def _models(self, column: str, values: Iterable[object] | None) -> Iterator[Model]:
        for result in self._results(tables.models, column, values):
            for part in result.partitions(_AT_ONCE):
                yield from map(rows.model_of, part)

    def _rows(self, table: Table, column: str, values: Iterable[object] | None) -> Iterator[Row]:
        for result in self._results(table, column, values):
            yield from _plain(result)

    def _results(self, table: Table, column: str, values: Iterable[object] | None) -> Iterator[CursorResult[Any]]:
        """All rows, or those in which a column has one of ``values``; in parts, as there may be a million."""
        if values is None:
            yield self._connection.execute(select(table), execution_options={"yield_per": _AT_ONCE})
            return
        wanted = list(values)
        for start in range(0, len(wanted), _IN):
            some = {"values": wanted[start : start + _IN]}
            yield self._connection.execute(_with_one_of(table, column), some)


class Writing(Reading):
    """What can be written in one transaction. Every change is put down by `record` in the same one."""

    def __init__(self, connection: Connection, database: Database, actor: str, now: datetime) -> None:
        super().__init__(connection)
        self._database = database
        self.now = now
        self._actor = actor
        self._revision: int | None = None

    def create_installation(self, organization_id: str, default_workspace_id: str) -> None:
        """Set up what there is one of."""
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
        if self._revision is None:
            self._revision = self._raise_revision()
        self._insert(
            tables.changes,
            [
                {
                    "revision": self._revision,
                    "at": format_instant(self.now),
                    "actor": self._actor,
                    "action": action,
                    "kind": kind,
                    "subject": subject,
                    "before": before,
                    "after": after,
                }
            ],
        )

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


@cache
def _with_one_of(table: Table, column: str) -> Select[Any]:
    """The rows in which a column has one of ``values``."""
    return select(table).where(table.c[column].in_(bindparam("values", expanding=True)))


def _plain(result: CursorResult[Any]) -> Iterator[Row]:
    """The rows of a result as plain dictionaries."""
    names = tuple(result.keys())
    return (dict(zip(names, row, strict=True)) for part in result.partitions(_AT_ONCE) for row in part)


class Store:
    """A database of Callsheet's.

    Parameters
    ----------
    url
        ``sqlite:////path/to/callsheet.db`` or ``postgresql://user@host/database``.

    Raises
    ------
    StorageError
        The URL is not one Callsheet can use. Nothing is opened before it is needed.
    """

    def __init__(self, url: str) -> None:
        self.database = database_at(url)

    @property
    def place(self) -> str:
        """Where the data is, for people; without a password."""
        return self.database.place

    @property
    def address(self) -> str:
        """Where the data is, for programs; without a password, too."""
        return self.database.address

    def is_empty(self) -> bool:
        """Return whether nothing has been made here yet; StorageError as for `prepare`."""
        return schema.inspect(self.database)[0] is Schema.EMPTY

    def is_ready(self) -> bool:
        """Return whether it can be read, False if it is empty; StorageError as for `prepare`, which writes."""
        found, revision = schema.inspect(self.database)
        if found is Schema.OLD:
            raise StorageError(
                f"The database {self.place} has schema {revision}, this program needs {schema.HEAD}; "
                "run: callsheet migrate"
            )
        return found is Schema.CURRENT

    def prepare(self) -> None:
        """Make the schema if the database is empty; refuse one that is not fit for use, unchanged.

        Raises
        ------
        StorageError
            Not ours, older or newer than this program, damaged, read-only, or out of reach.
        """
        if self.is_ready():
            schema.check_writable(self.database)
        else:
            schema.migrate(self.database)

    def migrate(self) -> tuple[str | None, str]:
        """Bring the schema to this program's; return the revisions before and after.

        Raises
        ------
        StorageError
            As for `prepare`.
        """
        _, revision = schema.inspect(self.database)
        if revision == schema.HEAD:
            schema.check_writable(self.database)
        else:
            schema.migrate(self.database)
        return revision, schema.HEAD

    def watch(self) -> Watch:
        """Return what notices changes; it holds one connection until it is closed."""
        return self.database.watch()

    @contextmanager
    def read(self, watch: Watch | None = None) -> Iterator[Reading]:
        """Yield what can be read in one transaction, on the connection of ``watch`` if there is one."""
        transaction = self.database.transaction(writes=False) if watch is None else watch.transaction()
        with transaction as connection:
            yield Reading(connection)

    @contextmanager
    def write(self, actor: str, now: datetime) -> Iterator[Writing]:
        """Yield what can be written in one transaction that ``actor`` makes at ``now``."""
        with self.database.transaction(writes=True) as connection:
            yield Writing(connection, self.database, actor, now)
