"""Reading: what services read of one moment, the present one or another."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from callsheet.domain.access.key import APIKey
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.changes.reader import AccessReader, CatalogReader
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.model import Model
from callsheet.domain.sources.source import SourceRecord
from callsheet.storage.transactions.read import Installation, Listing


class StateReading(Protocol):
    """What a State is loaded from."""

    def installation(self) -> Installation | None:
        """Return the installation, with the revision of the moment; None if nothing was set up."""

    def last_change(self, revision: int) -> tuple[int, str] | None:
        """Return number and time of the last change record of ``revision``."""

    def models(self, ids: Iterable[str] | None = None) -> Iterable[Model]:
        """Return the models, all or those with these ids, in any order."""

    def aliases(self, names: Iterable[str] | None = None) -> Mapping[str, str]:
        """Return alias to model id, of all or of these aliases."""

    def tombstones(self, ids: Iterable[str] | None = None) -> Mapping[str, str]:
        """Return id to sort key, of all removed models or of these."""

    def workspaces(self, ids: Iterable[str] | None = None) -> Iterable[Workspace]:
        """Return the workspaces, archived ones too, all or those with these ids, in any order."""

    def api_keys(self, ids: Iterable[str] | None = None) -> Iterable[APIKey]:
        """Return the API keys, archived ones too, all or those with these ids, in any order."""

    def has_admin_keys(self) -> bool:
        """Return whether there ever was an admin key."""

    def sources(self, names: Iterable[str] | None = None) -> Iterable[SourceRecord]:
        """Return the sources, all or those with these names, by position."""


class Reading(CatalogReader, AccessReader, StateReading, Protocol):
    """What services ask when they change nothing: a `ReadTransaction` answers of the present."""

    def listings(self) -> Iterable[Listing]:
        """Return of every model what decides about lists, in any order."""

    def suppressions(self, kind: ClaimKind = ClaimKind.MODEL) -> Iterable[Claims]:
        """Return the claims that a model, or an alias, does not exist, in any order."""
