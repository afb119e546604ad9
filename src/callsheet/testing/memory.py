"""Memory: models, workspaces and keys as the rules of change read them, and changes applied to them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from callsheet.domain.access.admin_key import AdminKey
from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.change import AnyChange, ChangeRecord
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.model import Model
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.times import format_instant

T = TypeVar("T")


class Memory:
    """What a database holds, in memory: a `CatalogReader` and an `AccessReader`.

    Parameters
    ----------
    catalog
        To begin with.
    default_workspace_id
        Id of the default workspace, which is still to be created.
    """

    def __init__(self, catalog: Catalog, default_workspace_id: str) -> None:
        self.catalog = catalog
        self._default_workspace_id = default_workspace_id
        self._workspaces: dict[str, Workspace] = {}
        self._keys: dict[str, APIKey] = {}
        self._ids_by_fingerprint: dict[bytes, str] = {}
        self._ids_by_name: dict[str, set[str]] = {}
        self._records: list[ChangeRecord] = []
        self._claims: dict[tuple[ClaimKind, str], dict[Manager, Claims]] = {}

    def copy(self) -> "Memory":
        """Return a memory of the same content, which changes independently."""
        result = Memory(self.catalog, self._default_workspace_id)
        result._workspaces = self._workspaces.copy()
        result._keys = self._keys.copy()
        result._ids_by_fingerprint = self._ids_by_fingerprint.copy()
        result._ids_by_name = {name: ids.copy() for name, ids in self._ids_by_name.items()}
        result._records = self._records.copy()
        result._claims = {place: those.copy() for place, those in self._claims.items()}
        return result

    def apply(self, changes: Iterable[AnyChange], now: datetime) -> None:
        """Make changes, in their order, and record each."""
        for change in changes:
            self._make(change)
            self._record(change, now)

    def model(self, model_id: str) -> Model | None:
        """Return the model with this id; an alias is not an id."""
        return self.catalog.get(model_id)

    def models(self, ids: Iterable[str] | None = None) -> Iterator[Model]:
        """Yield the models, all or those with these ids."""
        return iter(self.catalog) if ids is None else filter(None, map(self.catalog.get, ids))

    def model_ids(self, containing: str = "") -> Iterator[str]:
        """Yield the id of every model that contains this, in small or large letters."""
        return (model.id for model in self.catalog if containing in model.id.lower())

    def names(self) -> Iterator[str]:
        """Yield every id and every alias."""
        yield from self.model_ids()
        yield from self.catalog.aliases()

    def aliases(self, names: Iterable[str] | None = None) -> dict[str, str]:
        """Return alias to model id, of all or of these aliases."""
        if names is None:
            return self.catalog.aliases()
        return {name: model_id for name in names if (model_id := self.catalog.id_of(name)) != name}

    def aliases_of(self, model_id: str) -> list[str]:
        """Return the aliases that mean this model, sorted."""
        return [alias for alias, target in self.catalog.aliases().items() if target == model_id]

    def replaced_by(self, model_id: str) -> Iterator[Model]:
        """Yield the models whose replacement is this one."""
        return (model for model in self.catalog if model.replacement == model_id)

    def claims_of(self, subjects: Iterable[str], kind: ClaimKind = ClaimKind.MODEL) -> dict[str, list[Claims]]:
        """Return the stored claims on these models, or aliases, by subject."""
        found = {subject: list(self._claims.get((kind, subject), {}).values()) for subject in subjects}
        return {subject: claims for subject, claims in found.items() if claims}

    def claims_towards(self, targets: Iterable[str]) -> Iterator[Claims]:
        """Yield the stored claims that lead to one of these models."""
        wanted = frozenset(targets)
        return (each for those in self._claims.values() for each in those.values() if each.target in wanted)

    def claims_by(self, manager: Manager, kind: ClaimKind | None = None) -> Iterator[Claims]:
        """Yield the stored claims of this manager, all or those of one kind."""
        found = (those[manager] for those in self._claims.values() if manager in those)
        return (each for each in found if kind in (None, each.kind))

    def positions(self) -> dict[str, int]:
        """Return the position of every source: there are none."""
        return {}

    def tombstones(self, ids: Iterable[str] | None = None) -> dict[str, str]:
        """Return id to sort key, of all removed models or of these."""
        return _those(self.catalog.tombstones(), ids)

    def default_workspace_id(self) -> str:
        """Return the id of the default workspace."""
        return self._default_workspace_id

    def workspaces(self, ids: Iterable[str] | None = None) -> Iterator[Workspace]:
        """Yield the workspaces, archived ones too, all or those with these ids."""
        return iter(_those(self._workspaces, ids).values())

    def workspaces_named(self, name: str) -> list[Workspace]:
        """Return the workspaces with this name, archived ones too."""
        return [workspace for workspace in self._workspaces.values() if workspace.name == name]

    def api_keys(self, ids: Iterable[str] | None = None) -> Iterator[APIKey]:
        """Yield the API keys, archived ones too, all or those with these ids."""
        return iter(_those(self._keys, ids).values())

    def api_keys_named(self, name: str) -> list[APIKey]:
        """Return the API keys with this name, archived ones too."""
        return [self._keys[key_id] for key_id in sorted(self._ids_by_name.get(name, ()))]

    def key_names(self, limit: int) -> list[str]:
        """Return the names of ``limit`` keys that are not archived, or of all if they are fewer."""
        return [key.name for key in self._keys.values() if key.status is not KeyStatus.ARCHIVED][:limit]

    def key_with(self, fingerprint: bytes) -> APIKey | None:
        """Return the key with this fingerprint."""
        return self._keys.get(self._ids_by_fingerprint.get(fingerprint, ""))

    def admin_keys(self) -> Iterator[AdminKey]:
        """Yield the admin keys: there are none."""
        return iter(())

    def calendars(self) -> Iterator[Calendar]:
        """Yield the calendars: there are none."""
        return iter(())

    def sources(self, _names: Iterable[str] | None = None) -> Iterator[SourceRecord]:
        """Yield the sources: there are none."""
        return iter(())

    def changes_of(self, subjects: Iterable[str]) -> Iterator[ChangeRecord]:
        """Yield every change record of these subjects, in order."""
        wanted = frozenset(subjects)
        return (record for record in self._records if record.subject in wanted)

    def _make(self, change: AnyChange) -> None:
        match change.value:
            case Model() as model if change.after is None:
                self.catalog = self.catalog.changed({model.id: None}, tombstones={model.id: model.sort_key})
            case Model() as model:
                self.catalog = self.catalog.changed({model.id: model}, tombstones={model.id: None})
            case Claims() as claims:
                self._put_claims(claims, is_dropped=change.after is None)
            case Alias(alias, model_id):
                self.catalog = self.catalog.changed(aliases={alias: None if change.after is None else model_id})
            case Workspace() as workspace:
                self._workspaces[workspace.id] = workspace
            case APIKey() as key:
                self._put_key(key)

    def _put_claims(self, claims: Claims, *, is_dropped: bool) -> None:
        those = self._claims.setdefault((claims.kind, claims.subject), {})
        if is_dropped:
            those.pop(claims.manager, None)
        else:
            those[claims.manager] = claims

    def _put_key(self, key: APIKey) -> None:
        if (past := self._keys.get(key.id)) is not None:
            self._ids_by_name[past.name].discard(key.id)
        self._keys[key.id] = key
        self._ids_by_fingerprint[key.fingerprint] = key.id
        self._ids_by_name.setdefault(key.name, set()).add(key.id)

    def _record(self, change: AnyChange, now: datetime) -> None:
        before, after = (None if side is None else side.record() for side in (change.before, change.after))
        number = len(self._records) + 1
        self._records.append(
            ChangeRecord(
                number, number, format_instant(now), "", change.action, change.kind, change.subject, before, after
            )
        )


def _those(values: Mapping[str, T], names: Iterable[str] | None) -> dict[str, T]:
    """All of ``values``, or those of these names."""
    return dict(values) if names is None else {name: values[name] for name in names if name in values}
