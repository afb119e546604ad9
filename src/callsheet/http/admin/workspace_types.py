"""Workspaces as the Admin API has them: Anthropic's type, and what Callsheet adds."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, StringConstraints

from callsheet.domain.access.visibility import NOTHING, Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.times import format_instant
from callsheet.http.admin.endpoint import Input

#: Of an allow list: all models.
ALL: Final = "*"

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=256)]

_PATTERNS: Final = "Shell globs on ids of models. "
_ALLOW: Final = f'{_PATTERNS}["*"] is all models, [] is none.'


class DataResidency(BaseModel):
    """Constants, as Anthropic's type requires them: where data is, is not decided here."""

    workspace_geo: Literal["us"] = "us"
    allowed_inference_geos: Literal["unrestricted"] = "unrestricted"
    default_inference_geo: Literal["global"] = "global"


class WantedResidency(Input):
    """What may be sent of it: what it is anyway."""

    workspace_geo: Literal["us"] | None = None
    allowed_inference_geos: Literal["unrestricted"] | None = None
    default_inference_geo: Literal["global"] | None = None


class AdminWorkspace(BaseModel):
    """A group of keys that see the same models."""

    type: Literal["workspace"] = "workspace"
    id: str
    name: str
    created_at: str
    archived_at: str | None
    display_color: str
    tags: dict[str, str]
    compartment_id: str = Field(description="A constant: the id of the workspace.")
    data_residency: DataResidency = DataResidency()
    external_key_id: None = None
    user_profile_id: None = None
    is_default: bool = Field(description="Whether keys get this workspace if they name none.")
    allow: list[str] = Field(description=_ALLOW)
    deny: list[str] = Field(description=f"{_PATTERNS}They win over allow.")
    shape: Shape | None = Field(description="Which fields its models have; null: as the installation says.")


class AdminWorkspacePage(BaseModel):
    """A page of workspaces, newest first."""

    data: list[AdminWorkspace]
    has_more: bool
    first_id: str | None
    last_id: str | None


class NewWorkspace(Input):
    """A workspace to create."""

    name: str
    display_color: str | None = Field(None, description="Such as #6C5BB9; by default, one that the id decides.")
    tags: dict[str, str] | None = None
    data_residency: WantedResidency | None = None
    external_key_id: None = None
    user_profile_id: None = None
    allow: list[Pattern] = Field(default=[ALL], description=_ALLOW)
    deny: list[Pattern] = Field(default=[], description=_PATTERNS)
    shape: Literal["current", "classic"] | None = None


class WorkspaceUpdate(Input):
    """What is to change of a workspace; what is left out stays as it is."""

    name: str | None = Field(None, description="Another name; null leaves it.")
    display_color: str | None = Field(None, description="null: one that the id decides.")
    tags: dict[str, str | None] | None = Field(
        None, description="Tags to set, or with null to remove; null in place of them removes all."
    )
    data_residency: WantedResidency | None = None
    external_key_id: None = None
    user_profile_id: None = None
    allow: list[Pattern] = Field(default=[ALL], description=_ALLOW)
    deny: list[Pattern] = Field(default=[], description=_PATTERNS)
    shape: Literal["current", "classic"] | None = None


def allow_of(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the allow list of the rules for ``patterns``, as callers send them: none lets nothing through."""
    if not patterns:
        return (NOTHING,)
    return () if tuple(patterns) == (ALL,) else tuple(patterns)


def shown_allow(visibility: Visibility) -> list[str]:
    """Return the allow list of these rules as callers see it."""
    if visibility.allow == (NOTHING,):
        return []
    return list(visibility.allow) or [ALL]


def show_workspace(workspace: Workspace, default_id: str) -> AdminWorkspace:
    """Return ``workspace`` as callers see it."""
    return AdminWorkspace(
        id=workspace.id,
        name=workspace.name,
        created_at=format_instant(workspace.created_at),
        archived_at=None if workspace.archived_at is None else format_instant(workspace.archived_at),
        display_color=workspace.color,
        tags=dict(workspace.tags),
        compartment_id=workspace.id,
        is_default=workspace.id == default_id,
        allow=shown_allow(workspace.visibility),
        deny=list(workspace.visibility.deny),
        shape=workspace.shape,
    )


def changed_tags(before: dict[str, str], change: dict[str, str | None] | None) -> dict[str, str]:
    """Return the tags that ``change`` leaves of those of ``before``."""
    if change is None:
        return {}
    merged: dict[str, Any] = {**before, **change}
    return {name: value for name, value in merged.items() if value is not None}
