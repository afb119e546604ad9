"""MomentReading: what services read of a moment, made of the present and of what differs from it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from callsheet.domain.access.admin_key import AdminKey
from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import ChangeRecord, Subject
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.model import Model
from callsheet.domain.sources.source import SourceRecord
from callsheet.domain.times import format_instant
from callsheet.service.moments.differing import Differing
from callsheet.service.moments.kept import Known
from callsheet.storage.transactions.read import Installation, Listing, ReadTransaction

T = TypeVar("T", bound=Workspace | APIKey)


class Differences(NamedTuple):
    """What is other at a moment than it is now, by kind. Of an alias its model's id, of a tombstone its key."""

    models: Differing[Model]
    aliases: Differing[str]
    tombstones: Differing[str]
    workspaces: Differing[Workspace]
    keys: Differing[APIKey]
    sources: Differing[SourceRecord]


class MomentReading(ABC):
    """What there is at a moment: a `Reading`.

    Parameters
    ----------
    present
        The transaction that it is read in.
    differences
        What is other at the moment.
    """

    def __init__(self, present: ReadTransaction, differences: Differences) -> None:
        self._present = present
        self._different = differences

    @abstractmethod
    def installation(self) -> Installation | None:
        """Return the installation, with the revision of the moment; None if nothing was set up."""

    @abstractmethod
    def last_change(self, revision: int) -> tuple[int, str] | None:
        """Return number and time of the last change record of ``revision``."""

    @abstractmethod
    def models_beyond(self, beyond: str | None, limit: int, *, backwards: bool) -> list[str]:
        """Return ids in their order, among them of all models of the moment that come next.

        Parameters
        ----------
        beyond, limit, backwards
            As for `HistoryReading.models_then_or_now`; fewer than ``limit`` are the last ones.
        """

    @abstractmethod
    def changes_of(self, subjects: Iterable[str]) -> Iterator[ChangeRecord]:
        """Yield every change record of these subjects up to the moment, in no order."""

    @abstractmethod
    def claims_of(self, subjects: Iterable[str], kind: ClaimKind = ClaimKind.MODEL) -> Mapping[str, list[Claims]]:
        """Return subject to the claims on it at the moment, as far as they are known."""

    @abstractmethod
    def claims_towards(self, targets: Iterable[str]) -> Iterable[Claims]:
        """Return the claims that lead to one of these models, as far as they are known."""

    @abstractmethod
    def claims_by(self, manager: Manager, kind: ClaimKind | None = None) -> Iterable[Claims]:
        """Return the claims of this manager, as far as they are known."""

    @abstractmethod
    def suppressions(self, kind: ClaimKind = ClaimKind.MODEL) -> Iterable[Claims]:
        """Return the claims that a model, or an alias, does not exist, as far as they are known."""

    def complete(self) -> Known:
        """Return, by the names of `Differences`, what has been read as a whole of what differs."""
        read: dict[str, Mapping[str, Any] | None] = {
            "models": self._different.models.complete,
            "aliases": self._different.aliases.complete,
            "tombstones": self._different.tombstones.complete,
            "workspaces": self._different.workspaces.complete,
            "keys": self._different.keys.complete,
            "sources": self._different.sources.complete,
        }
        return {name: values for name, values in read.items() if values is not None}

    def turned(self, kind: Subject) -> Iterable[str]:  # noqa: ARG002
        """Return the ids of the things of a kind that a date, and no change, makes other than they are now."""
        return ()

    def default_workspace_id(self) -> str | None:
        """Return the id of the default workspace, or None if nothing was set up."""
        return self._present.default_workspace_id()

    def has_admin_keys(self) -> bool:
        """Return whether there is or was an admin key, at present: it decides nothing of what callers see."""
        return self._present.has_admin_keys()

    def models(self, ids: Iterable[str] | None = None) -> Iterator[Model]:
        """Yield the models, all or those with these ids, in no order."""
        unchanged = self._unchanged_models() if ids is None else None
        if unchanged is not None:
            yield from self._present.models(unchanged)
            yield from (each for each in self._different.models.everything().values() if each is not None)
        else:
            yield from self._different.models.over(self._present.models, lambda model: model.id, ids)

    def _unchanged_models(self) -> list[str] | None:
        """The ids of the models that are as they are now, if these are few; reading a model takes long."""
        different = self._different.models.everything()
        if len(different) * 2 < self._present.count_models():
            return None
        return [each for each in self._present.model_ids() if each not in different]

    def model(self, model_id: str) -> Model | None:
        """Return the model with this id."""
        return next(self.models([model_id]), None)

    def model_ids(self, containing: str = "") -> Iterator[str]:
        """Yield the id of every model that contains this, in small or large letters, in no order."""
        other = self._different.models.everything()
        yield from (each for each in self._present.model_ids(containing) if each not in other)
        yield from (each for each, model in other.items() if model is not None and containing in each.lower())

    def names(self) -> Iterator[str]:
        """Yield every id and every alias, in no order."""
        yield from self.model_ids()
        yield from self.aliases()

    def listings(self) -> Iterator[Listing]:
        """Yield of every model what decides about lists, in no order."""
        other = self._different.models.everything()
        yield from (each for each in self._present.listings() if each.id not in other)
        for model in other.values():
            if model is not None:
                at = format_instant(model.created_at)
                yield Listing(model.id, at, model.line, model.lifecycle, model.hidden)

    def aliases(self, names: Iterable[str] | None = None) -> dict[str, str]:
        """Return alias to model id, of all or of these aliases."""
        wanted = None if names is None else list(names)
        aliases = self._different.aliases
        return _laid_over(self._present.aliases(wanted), aliases, wanted)

    def aliases_of(self, model_id: str) -> list[str]:
        """Return the aliases that mean this model, sorted."""
        other = self._different.aliases.everything()
        present = (each for each in self._present.aliases_of(model_id) if each not in other)
        return sorted((*present, *(alias for alias, target in other.items() if target == model_id)))

    def aliases_of_each(self, model_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return model id to aliases, sorted, of these models; those without any are left out."""
        other, wanted = self._different.aliases.everything(), set(model_ids)
        found: dict[str, list[str]] = {}
        for model_id, aliases in self._present.aliases_of_each(model_ids).items():
            found[model_id] = [each for each in aliases if each not in other]
        for alias, target in other.items():
            if target in wanted:
                found.setdefault(str(target), []).append(alias)
        return {model_id: sorted(aliases) for model_id, aliases in found.items() if aliases}

    def tombstones(self, ids: Iterable[str] | None = None) -> dict[str, str]:
        """Return id to sort key, of all removed models or of these."""
        wanted = None if ids is None else list(ids)
        return _laid_over(self._present.tombstones(wanted), self._different.tombstones, wanted)

    def replaced_by(self, model_id: str) -> list[Model]:
        """Return the models whose replacement is this one."""
        other = self._different.models.everything()
        present = (each for each in self._present.replaced_by(model_id) if each.id not in other)
        return [*present, *(each for each in other.values() if each is not None and each.replacement == model_id)]

    def workspaces(self, ids: Iterable[str] | None = None) -> Iterator[Workspace]:
        """Yield the workspaces, archived ones too, all or those with these ids, in no order."""
        return self._different.workspaces.over(self._present.workspaces, lambda each: each.id, ids)

    def workspaces_named(self, name: str) -> list[Workspace]:
        """Return the workspaces with this name, archived ones too."""
        return _named(self._different.workspaces, self._present.workspaces_named(name), name)

    def api_keys(self, ids: Iterable[str] | None = None) -> Iterator[APIKey]:
        """Yield the API keys, archived ones too, all or those with these ids, in no order."""
        return self._different.keys.over(self._present.api_keys, lambda key: key.id, ids)

    def api_keys_named(self, name: str) -> list[APIKey]:
        """Return the API keys with this name, archived ones too."""
        return _named(self._different.keys, self._present.api_keys_named(name), name)

    def key_names(self, limit: int) -> list[str]:
        """Return the names of ``limit`` keys that are not archived, or of all if they are fewer, in no order."""
        present = (key.name for key in self.api_keys() if key.status is not KeyStatus.ARCHIVED)
        return list(islice(present, limit))

    def key_with(self, fingerprint: bytes) -> APIKey | None:
        """Return the key with this fingerprint."""
        present = self._present.key_with(fingerprint)  # a key keeps its fingerprint for ever
        return None if present is None else next(self.api_keys([present.id]), None)

    def admin_keys(self) -> Iterable[AdminKey]:
        """Return the admin keys of the present, archived ones too."""
        return self._present.admin_keys()

    def calendars(self) -> Iterable[Calendar]:
        """Return the calendars of the present, revoked ones too."""
        return self._present.calendars()

    def sources(self, names: Iterable[str] | None = None) -> list[SourceRecord]:
        """Return the sources, all or those with these names, by position."""
        found = self._different.sources.over(self._present.sources, lambda each: each.name, names)
        return sorted(found, key=lambda each: (each.position, each.name))

    def positions(self) -> dict[str, int]:
        """Return position by name of every source and enrichment."""
        return {source.name: source.position for source in self.sources()}


def _laid_over(present: Mapping[str, str], texts: Differing[str], wanted: Sequence[str] | None) -> dict[str, str]:
    other = texts.everything() if wanted is None else texts.among(wanted)
    return {
        **{name: text for name, text in present.items() if name not in other},
        **{name: text for name, text in other.items() if text is not None},
    }


def _named(things: Differing[T], present: Iterable[T], name: str) -> list[T]:
    different = things.everything()
    unchanged = [each for each in present if each.id not in different]
    return unchanged + [each for each in different.values() if each is not None and each.name == name]
