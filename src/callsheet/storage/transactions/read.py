"""Reading: what can be read of the tables in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, or_, select

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import Action, ChangeRecord, Subject
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.model import Model
from callsheet.storage import tables
from callsheet.storage.transactions import rows
from callsheet.storage.transactions.read_admin import AdminReading
from callsheet.storage.transactions.read_changes import ChangesReading
from callsheet.storage.transactions.read_claims import ClaimsReading
from callsheet.storage.transactions.read_history import HistoryReading
from callsheet.storage.transactions.read_retirements import RetirementsReading
from callsheet.storage.transactions.read_sessions import SessionsReading
from callsheet.storage.transactions.read_sources import SourcesReading
from callsheet.storage.transactions.read_webhooks import WebhooksReading
from callsheet.storage.transactions.selecting import ROW_BATCH_SIZE, is_nowhere, plain


@dataclass(frozen=True, slots=True)
class Installation:
    """Values of the whole installation.

    Parameters
    ----------
    organization_id
        A UUID.
    default_workspace_id
        Of the workspace made first.
    revision
        Counts the transactions that changed something.
    builtin
        Whether the built-in models are listed, or only inform.
    facts
        The built-in facts that were last claimed; None if none were yet.
    name
        Of the organization, for people; None if none was given.
    """

    organization_id: str
    default_workspace_id: str
    revision: int
    builtin: BuiltinMode = BuiltinMode.LIST
    facts: str | None = None
    name: str | None = None


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


class Listing(NamedTuple):
    """What decides whether a model is listed, and where; far cheaper to read than whole models.

    Parameters
    ----------
    id, created_at, line
        What the order is made of.
    lifecycle, hidden
        What keeps a model out of lists.
    """

    id: str
    created_at: str
    line: str | None
    lifecycle: str
    hidden: bool


#: Made once: to write a statement takes longer than to look up what it reads.
_INSTALLATION: Final = select(tables.installation)
_RECORDS: Final = (
    select(*(tables.changes.c[name] for name in Recorded._fields))
    .where(tables.changes.c.revision >= bindparam("revision"), tables.changes.c.number >= bindparam("number"))
    .order_by(tables.changes.c.number)
)

#: Kinds of what has a name beside its id.
NAMED: Final = (Subject.WORKSPACE, Subject.KEY, Subject.ADMIN_KEY, Subject.CALENDAR, Subject.WEBHOOK)


class ReadTransaction(
    ClaimsReading,
    ChangesReading,
    SourcesReading,
    SessionsReading,
    HistoryReading,
    AdminReading,
    RetirementsReading,
    WebhooksReading,
):
    """What can be read in one transaction: everything in it is of one moment."""

    def installation(self) -> Installation | None:
        """Return the installation, or None if nothing has been set up yet."""
        row = self._connection.execute(_INSTALLATION).first()
        if row is None:
            return None
        builtin = BuiltinMode(row.builtin)
        return Installation(
            row.organization_id, row.default_workspace_id, row.revision, builtin, row.facts, row.name
        )

    def default_workspace_id(self) -> str | None:
        """Return the id of the default workspace, or None if nothing has been set up yet."""
        installation = self.installation()
        return None if installation is None else installation.default_workspace_id

    def models(self, ids: Iterable[str] | None = None) -> Iterator[Model]:
        """Yield the models, all or those with these ids, in no order."""
        return self._models("id", ids)

    def count_models(self) -> int:
        """Return how many models there are."""
        return int(self._connection.execute(select(func.count()).select_from(tables.models)).scalar_one())

    def listings(self) -> list[Listing]:
        """Return of every model what decides about lists, in no order."""
        columns = (tables.models.c[name] for name in Listing._fields)
        return [Listing(*row) for row in self._connection.execute(select(*columns))]

    def count_lifecycles(self) -> dict[tuple[str, bool], int]:
        """Return how many models there are of each lifecycle, hidden (True) and not."""
        lifecycle, hidden = tables.models.c.lifecycle, tables.models.c.hidden
        query = select(lifecycle, hidden, func.count()).group_by(lifecycle, hidden)
        return {(row[0], bool(row[1])): int(row[2]) for row in self._connection.execute(query)}

    def model_ids(self, containing: str = "") -> Iterator[str]:
        """Yield the id of every model that contains this, in small ASCII letters, as it is or in large ones."""
        ids = tables.models.c.id
        return self._texts(ids, *([func.lower(ids).contains(containing, autoescape=True)] if containing else []))

    def names(self) -> Iterator[str]:
        """Yield every id and every alias, in no order."""
        yield from self.model_ids()
        yield from self._texts(tables.aliases.c.alias)

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

    def api_keys_named(self, name: str) -> list[APIKey]:
        """Return the API keys with this name, archived ones too."""
        return list(map(rows.read_key, self._rows(tables.api_keys, "name", [name])))

    def key_names(self, limit: int) -> list[str]:
        """Return the names of ``limit`` keys that are not archived, or of all if they are fewer, in no order."""
        keys = tables.api_keys.c
        return list(islice(self._texts(keys.name, keys.status != KeyStatus.ARCHIVED), limit))

    def key_with(self, fingerprint: bytes) -> APIKey | None:
        """Return the key with this fingerprint."""
        found = self._rows(tables.api_keys, "fingerprint", [fingerprint])
        return next(map(rows.read_key, found), None)

    def changes(self, subject: str | Sequence[str] | None = None, limit: int = 100) -> list[ChangeRecord]:
        """Return the latest change records, newest first, of everything or of one subject, or of several."""
        query = select(tables.changes).order_by(tables.changes.c.number.desc()).limit(limit)
        if is_nowhere(subject):
            return []
        if subject is not None:
            subjects = [subject] if isinstance(subject, str) else subject
            query = query.where(tables.changes.c.subject.in_(subjects))
        return list(map(rows.read_change, plain(self._connection.execute(query))))

    def changes_of(self, subjects: Iterable[str]) -> Iterator[ChangeRecord]:
        """Yield every change record of these subjects, in no order."""
        return map(rows.read_change, self._rows(tables.changes, "subject", subjects, of_kinds=True))

    def subjects_named(self, name: str) -> list[str]:
        """Return the ids of the workspaces, keys, webhooks and calendars that have, or ever had, this name."""
        if is_nowhere(name):
            return []
        changes = tables.changes.c
        named = or_(*(side["name"].as_string() == name for side in (changes.before, changes.after)))
        query = select(changes.subject).where(changes.kind.in_(NAMED), named).distinct()
        return [row.subject for row in self._connection.execute(query)]

    def last_change(self, revision: int) -> tuple[int, str] | None:
        """Return number and time of the last change record of a revision; no two histories share both."""
        changes = tables.changes.c
        query = select(changes.number, changes.at).where(changes.revision == revision)
        row = self._connection.execute(query.order_by(changes.number.desc()).limit(1)).first()
        return None if row is None else (row.number, row.at)

    def last_restore(self) -> str | None:
        """Return when a backup was last restored; None if none was, as far as the change records say."""
        changes = tables.changes.c
        query = select(changes.at).where(changes.kind == Subject.INSTALLATION, changes.action == Action.RESTORE)
        found: str | None = self._connection.execute(query.order_by(changes.number.desc()).limit(1)).scalar()
        return found

    def is_bare(self) -> bool:
        """Return whether nothing was ever set up: there is no row of anything."""
        return not any(
            self._connection.execute(select(table.c[next(iter(table.c.keys()))]).limit(1)).first()
            for table in tables.metadata.sorted_tables
        )

    def recorded_from(self, revision: int, number: int) -> Iterator[Recorded]:
        """Yield the change records from this revision and this number on, in their order."""
        first = {"revision": revision, "number": number}
        return (Recorded(*row) for row in self._connection.execute(_RECORDS, first))

    def _models(self, column: str, values: Iterable[object] | None) -> Iterator[Model]:
        for result in self._results(tables.models, column, values):
            for part in result.partitions(ROW_BATCH_SIZE):
                yield from map(rows.model_of, part)
