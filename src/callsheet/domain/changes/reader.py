"""What the rules of change need to know of what is there: a transaction knows it, and so does a memory."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from callsheet.domain.access.admin_key import AdminKey
from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.key import APIKey
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.change import ChangeRecord
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.model import Model
from callsheet.domain.sources.source import SourceRecord


class CatalogReader(Protocol):
    """Models, aliases, and the ids of removed models."""

    def model(self, model_id: str) -> Model | None:
        """Return the model with this id; an alias is not an id."""

    def models(self, ids: Iterable[str] | None = None) -> Iterable[Model]:
        """Return the models, all or those with these ids, in any order."""

    def model_ids(self, containing: str = "") -> Iterable[str]:
        """Return the id of every model, in any order; only those that contain this, in small or large letters."""

    def names(self) -> Iterable[str]:
        """Return every id and every alias, in any order."""

    def aliases(self, names: Iterable[str] | None = None) -> Mapping[str, str]:
        """Return alias to model id, of all or of these aliases."""

    def aliases_of(self, model_id: str) -> Sequence[str]:
        """Return the aliases that mean this model, sorted."""

    def replaced_by(self, model_id: str) -> Iterable[Model]:
        """Return the models whose replacement is this one, in any order."""

    def claims_of(
        self, subjects: Iterable[str], kind: ClaimKind = ClaimKind.MODEL
    ) -> Mapping[str, Sequence[Claims]]:
        """Return the stored claims on these models, or aliases, by subject, those of each in any order.

        A subject on which no claims are stored is absent.
        """

    def claims_by(self, manager: Manager, kind: ClaimKind | None = None) -> Iterable[Claims]:
        """Return the claims of this manager, all or those of one kind, in any order."""

    def claims_towards(self, targets: Iterable[str]) -> Iterable[Claims]:
        """Return the stored claims, on models and aliases, whose `Claims.target` is one of these, in any order."""

    def positions(self) -> Mapping[str, int]:
        """Return the position of every source and enrichment by its name; the lower outranks the higher."""

    def tombstones(self, ids: Iterable[str] | None = None) -> Mapping[str, str]:
        """Return id to sort key, of all removed models or of these."""


class AdminKeyReader(Protocol):
    """Admin keys, archived ones too."""

    def admin_keys(self) -> Iterable[AdminKey]:
        """Return the admin keys, in any order."""


class AccessReader(AdminKeyReader, Protocol):
    """Workspaces, keys and calendars, archived ones too, what was recorded of them, and sources."""

    def calendars(self) -> Iterable[Calendar]:
        """Return the calendars, in any order."""

    def default_workspace_id(self) -> str | None:
        """Return the id of the default workspace, or None if nothing has been set up."""

    def workspaces(self, ids: Iterable[str] | None = None) -> Iterable[Workspace]:
        """Return the workspaces, all or those with these ids, in any order."""

    def workspaces_named(self, name: str) -> Iterable[Workspace]:
        """Return the workspaces with this name."""

    def api_keys(self, ids: Iterable[str] | None = None) -> Iterable[APIKey]:
        """Return the API keys, all or those with these ids, in any order."""

    def api_keys_named(self, name: str) -> Sequence[APIKey]:
        """Return the API keys with this name."""

    def key_names(self, limit: int) -> Sequence[str]:
        """Return the names of ``limit`` keys that are not archived, or of all if they are fewer, in any order."""

    def key_with(self, fingerprint: bytes) -> APIKey | None:
        """Return the API key with this fingerprint."""

    def sources(self, names: Iterable[str] | None = None) -> Iterable[SourceRecord]:
        """Return the sources, all or those with these names, by position."""

    def changes_of(self, subjects: Iterable[str]) -> Iterable[ChangeRecord]:
        """Return every change record of these subjects, in any order."""
