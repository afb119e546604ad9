"""API keys as the Admin API has them: Anthropic's type, and what Callsheet adds."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, StringConstraints

from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.changes.keys import MAX_OVERLAP_HOURS
from callsheet.domain.times import format_instant
from callsheet.http.admin.endpoint import Input
from callsheet.storage.transactions.read import ReadTransaction

Status = Literal["active", "inactive", "archived", "expired"]

#: By the word that Anthropic has for it, the status of a key; an expired one is active.
STATUSES: Final[Mapping[str, KeyStatus]] = {
    "active": KeyStatus.ACTIVE,
    "inactive": KeyStatus.DISABLED,
    "archived": KeyStatus.ARCHIVED,
}
_WORDS: Final[Mapping[KeyStatus, Status]] = {
    KeyStatus.ACTIVE: "active",
    KeyStatus.DISABLED: "inactive",
    KeyStatus.ARCHIVED: "archived",
}

SHA256 = Annotated[
    str,
    StringConstraints(pattern="^[0-9a-fA-F]{64}$"),
    Field(description="SHA-256, in hexadecimal, of a secret that the caller has made and keeps."),
]


class Actor(BaseModel):
    """Who created a key."""

    id: str = Field(description="As change records name the actor.")
    type: Literal["user", "service_account"] = Field(description="An admin key is a service account.")


class WorkspaceScope(BaseModel):
    """A key of one workspace."""

    type: Literal["workspace"] = "workspace"
    workspace_id: str


class OrganizationScope(BaseModel):
    """A key that chooses among all workspaces."""

    type: Literal["organization"] = "organization"


class WantedScope(Input):
    """Where a new key is to belong."""

    type: Literal["workspace", "organization"]
    workspace_id: str | None = None


class AdminAPIKey(BaseModel):
    """A key that lists models; its secret is not in it."""

    type: Literal["api_key"] = "api_key"
    id: str
    name: str
    status: Status
    scope: Annotated[WorkspaceScope | OrganizationScope, Field(discriminator="type")]
    workspace_id: str | None = Field(description="The same as in scope; null for a key of the organization.")
    created_at: str
    created_by: Actor | None
    expires_at: str | None
    partial_key_hint: str | None
    principal: None = None
    last_used_at: str | None = Field(
        description="The hour in which it was last used, to about a minute after its first use in it; null: never."
    )


class NewAdminAPIKey(AdminAPIKey):
    """A key just made."""

    secret: str | None = Field(
        description="Shown this once; null if the caller has it already, or the request was sent before."
    )
    replaced: AdminAPIKey | None = Field(None, description="The key that it takes the place of.")
    note: str | None = Field(None, description="Why the secret is not there, if the request was sent before.")


class AdminAPIKeyPage(BaseModel):
    """A page of keys, newest first."""

    data: list[AdminAPIKey]
    has_more: bool
    first_id: str | None
    last_id: str | None


class NewKeyBody(Input):
    """A key to create: of the default workspace unless said otherwise."""

    name: str
    workspace_id: str | None = None
    scope: WantedScope | None = None
    expires_at: str | None = Field(None, description="A day, or an RFC 3339 time; null: never.")
    secret_sha256: SHA256 | None = None


class KeyUpdate(Input):
    """What is to change of a key; what is left out stays as it is."""

    name: str | None = Field(None, description="Another name; null leaves it.")
    status: Literal["active", "inactive", "archived"] | None = Field(None, description="null leaves it.")
    workspace_id: str | None = Field(None, description="Of another workspace; null: a key of the organization.")
    expires_at: str | None = Field(None, description="A day, or an RFC 3339 time; null: never.")


class RotateBody(Input):
    """How a key is to be replaced."""

    overlap_hours: float = Field(0, ge=0, le=MAX_OVERLAP_HOURS, description="How long the old secret works on.")
    secret_sha256: SHA256 | None = None


def show_keys(reading: ReadTransaction, keys: Sequence[APIKey], now: datetime) -> list[AdminAPIKey]:
    """Return ``keys`` as callers see them at ``now``."""
    ids = [key.id for key in keys]
    creators, uses = reading.creators(ids), reading.last_uses(ids)
    return [_show(key, creators.get(key.id), uses.get(key.id), now) for key in keys]


def _show(key: APIKey, creator: str | None, used: str | None, now: datetime) -> AdminAPIKey:
    record: dict[str, Any] = key.record()
    status: Status = _WORDS[key.status]
    if status == "active" and key.is_expired(now):
        status = "expired"
    return AdminAPIKey(
        id=key.id,
        name=key.name,
        status=status,
        scope=OrganizationScope() if key.workspace_id is None else WorkspaceScope(workspace_id=key.workspace_id),
        workspace_id=key.workspace_id,
        created_at=format_instant(key.created_at),
        created_by=None if creator is None else _actor(creator),
        expires_at=record["expires_at"],
        partial_key_hint=record["partial_key_hint"],
        last_used_at=used,
    )


def _actor(name: str) -> Actor:
    return Actor(id=name, type="user" if name.startswith(("cli:", "console:")) else "service_account")
