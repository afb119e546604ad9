"""What administers an installation, whether it is reached by its database or by its administration API.

The services fulfil these protocols, and so do their twins in ``callsheet/remote/``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from callsheet.api.dialect import Dialect
from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.key import EVERY_KEY, APIKey, KeyFilter
from callsheet.domain.access.session import Session
from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import ChangeRecord
from callsheet.domain.changes.key_import import Entry, Imported
from callsheet.domain.changes.keys import KeyChange
from callsheet.domain.changes.webhooks import WebhookChange
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.edits import ModelChange
from callsheet.domain.history.moment import Moment
from callsheet.domain.manifest import Collection, Manifest
from callsheet.domain.model import Model, RetirementPrecision
from callsheet.domain.plan.plan import Plan
from callsheet.domain.webhooks.delivery import Delivery, DeliveryStatus
from callsheet.domain.webhooks.webhook import Webhook
from callsheet.service.access import ChangedWorkspace, NewKey
from callsheet.service.catalog import ModelWithAliases, Outcome
from callsheet.service.explain.explainer import Concerned, Explained, Seen
from callsheet.service.explain.matrix import Seers
from callsheet.service.explain.seeing import Compared, Viewers
from callsheet.service.explain.subject import Subject
from callsheet.service.history import EVERY_CHANGE, ChangesFilter
from callsheet.service.key_details import KeyDetails
from callsheet.service.manifests.export import Holders
from callsheet.service.manifests.service import Planned
from callsheet.service.moments.reverting import Reverted
from callsheet.service.provenance import Suppressed, WhoSays
from callsheet.service.retirements.calendars import NewCalendar
from callsheet.service.retirements.find import Wanted
from callsheet.service.sight import Sight
from callsheet.service.sync.sources import Source
from callsheet.service.webhooks.service import NewSecret, WebhookDetails


class Sessions(Protocol):
    """Who is signed in at the console; see `callsheet.service.admin.sessions.SessionService`."""

    def list(self) -> Sequence[Session]: ...

    def end(self, session_id: str) -> Session: ...

    def end_all(self) -> Sequence[Session]: ...


class Catalogue(Protocol):
    """Models and aliases; see `callsheet.service.catalog.CatalogService`."""

    def list(self) -> Sequence[ModelWithAliases]: ...

    def show(self, name: str) -> ModelWithAliases: ...

    def who_says(self, name: str) -> WhoSays: ...

    def suppressed(self) -> Sequence[Suppressed]: ...

    def choose(self, *names: str) -> Sequence[str]: ...

    def add(self, model: Model, same_as: str | None = None) -> ModelWithAliases: ...

    def change(self, model_id: str, change: ModelChange) -> ModelWithAliases: ...

    def deprecate(
        self,
        *names: str,
        retires_at: datetime | None = None,
        replacement: str | None = None,
        retirement_precision: RetirementPrecision | None = None,
        retires_itself: bool | None = None,
        deprecated_at: datetime | None = None,
    ) -> Outcome: ...

    def retire(self, *names: str, retires_at: datetime | None = None) -> Outcome: ...

    def hide(self, *names: str) -> Outcome: ...

    def unhide(self, *names: str) -> Outcome: ...

    def remove(self, *names: str, globs: bool = True) -> Outcome: ...

    def release(self, name: str, fields: Sequence[str] = ()) -> ModelWithAliases | Alias | None: ...

    def alias(self, alias: str, model_id: str) -> Alias: ...

    def unalias(self, alias: str) -> Alias: ...


class Access(Protocol):
    """Workspaces and keys; see `callsheet.service.access.AccessService`."""

    def create_workspace(
        self,
        name: str,
        workspace_id: str | None = None,
        visibility: Visibility = SEES_ALL,
        shape: Shape | None = None,
        *,
        display_color: str | None = None,
    ) -> Workspace: ...

    def list_workspaces(self) -> list[Workspace]: ...

    def show_workspace(self, name: str) -> Workspace: ...

    def change_workspace(self, name: str, change: WorkspaceChange) -> ChangedWorkspace: ...

    def archive_workspace(self, name: str) -> Workspace: ...

    def create_key(
        self,
        name: str,
        workspace: str | None = None,
        *,
        organization: bool = False,
        expires_at: datetime | None = None,
        secret: str | None = None,
    ) -> NewKey: ...

    def list_keys(self, wanted: KeyFilter = EVERY_KEY) -> list[APIKey]: ...

    def replaced_keys(self) -> set[str]: ...

    def show_key(self, name: str, *, in_order: bool = False) -> KeyDetails: ...

    def change_key(self, name: str, change: KeyChange) -> APIKey: ...

    def import_keys(self, entries: Sequence[Entry]) -> Imported: ...

    def sights(self, *rules: Visibility, in_order: bool = False) -> list[Sight]: ...

    def disable_key(self, name: str) -> APIKey: ...

    def enable_key(self, name: str) -> APIKey: ...

    def archive_key(self, name: str) -> APIKey: ...

    def rotate_key(self, name: str, overlap: timedelta = timedelta()) -> NewKey: ...


class History(Protocol):
    """Change records; see `callsheet.service.history.HistoryService`."""

    def list(
        self, subject: str | None = None, limit: int = 100, wanted: ChangesFilter = EVERY_CHANGE
    ) -> Sequence[ChangeRecord]: ...


class Reverts(Protocol):
    """The way back to earlier moments; see `callsheet.service.moments.reverting.RevertService`."""

    def models(self, moment: Moment, names: Sequence[str] = ()) -> Reverted: ...

    def workspaces(self, moment: Moment, names: Sequence[str]) -> Reverted: ...


class Webhooks(Protocol):
    """Webhooks; see `callsheet.service.webhooks.service.WebhooksService`."""

    def create(self, name: str, url: str, events: Sequence[str], secret: str | None = None) -> NewSecret: ...

    def list(self) -> Sequence[WebhookDetails]: ...

    def show(self, name: str) -> WebhookDetails: ...

    def change(self, name: str, change: WebhookChange) -> Webhook: ...

    def rotate(self, name: str, overlap: timedelta = ..., secret: str | None = None) -> NewSecret: ...

    def take_back(self, new: NewSecret) -> None: ...

    def disable(self, name: str) -> Webhook: ...

    def enable(self, name: str) -> Webhook: ...

    def archive(self, name: str) -> Webhook: ...

    def deliveries(
        self, name: str | None = None, status: DeliveryStatus | None = None, limit: int = 100
    ) -> Sequence[Delivery]: ...

    def retry(self, name: str, event_ids: Sequence[str] = ()) -> Sequence[Delivery]: ...


class Calendars(Protocol):
    """Calendars; see `callsheet.service.retirements.calendars.CalendarService`."""

    def create(self, name: str, workspace: str | None = None) -> NewCalendar: ...

    def list(self) -> Sequence[Calendar]: ...

    def revoke(self, name: str) -> Calendar: ...


class Sources(Protocol):
    """Sources as they are configured and judged; see `callsheet.service.sync.sources.SourcesService`."""

    def list(self) -> Sequence[Source]: ...

    def show(self, name: str) -> Source: ...

    def change(self, name: str, change: Mapping[str, Any], before: str | None = None) -> Source: ...

    def remove(self, name: str) -> Source: ...

    def forget(self, name: str) -> Source: ...

    def pause(self, name: str) -> Source: ...

    def resume(self, name: str) -> Source: ...

    def accept(self, name: str) -> Source: ...

    def reject(self, name: str) -> Source: ...

    def let_builtin(self, mode: BuiltinMode) -> bool: ...


class Explaining(Protocol):
    """Why a caller sees what; see `callsheet.service.explain.explainer.Explainer`."""

    def explain(
        self,
        name: str,
        key: str | None = None,
        workspace: str | None = None,
        dialect: Dialect = Dialect.ANTHROPIC,
    ) -> Explained: ...

    def who_sees(self, name: str) -> Sequence[Viewers]: ...

    def matrix(self) -> Iterator[Seers]: ...

    def model_ids(self) -> Sequence[str]: ...

    def what_sees(self, name: str) -> Seen: ...

    def diff(self, first: str, second: str) -> tuple[Subject, Subject, Compared]: ...

    def retirements(
        self,
        wanted: Wanted = "pending",
        within: timedelta | None = None,
        key: str | None = None,
        workspace: str | None = None,
    ) -> Concerned: ...

    def rules(self) -> Mapping[str, Visibility]: ...

    def workspace_name(self, workspace_id: str) -> str: ...


class Manifests(Protocol):
    """Catalogue files; see `callsheet.service.manifests.service.ManifestService`."""

    def plan(self, manifest: Manifest, *, adopt: bool = False, max_deletes: int | None = None) -> Planned: ...

    def apply(self, planned: Planned) -> object: ...

    def apply_saved(self, plan: Plan, *, max_deletes: int | None = None) -> object: ...

    def check_saved(self, plan: Plan, *, max_deletes: int | None = None) -> None: ...

    def export(
        self, name: str, holders: Holders = Holders.PEOPLE, only: Sequence[Collection] | None = None
    ) -> Manifest: ...
