"""Workspaces: what may be created, changed and archived."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypedDict

from callsheet.domain.access.visibility import Visibility, check_patterns
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.changes.change import Action, Change, change_of
from callsheet.domain.changes.reader import AccessReader
from callsheet.domain.errors import ConflictError
from callsheet.domain.sources.asking import check_not_asking


class WorkspaceChange(TypedDict, total=False):
    """What is to change of a workspace; what is left out stays as it is. See `Workspace` and `Visibility`."""

    name: str
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    shape: Shape | None
    display_color: str | None
    tags: Mapping[str, str]


def create_workspace(reader: AccessReader, workspace: Workspace) -> list[Change[Workspace]]:
    """Create ``workspace``.

    Raises
    ------
    InvalidError
        Its patterns are too long, all together.
    ConflictError
        There is a workspace with its id, or one in use with its name.
    """
    if next(iter(reader.workspaces([workspace.id])), None) is not None:
        raise ConflictError(f"There is a workspace {workspace.id} already.", field="id")
    _check_name_is_free(reader, workspace)
    check_patterns(workspace.visibility)
    return [Change(Action.CREATE, None, workspace)]


def change_workspace(
    reader: AccessReader, workspace: Workspace, change: WorkspaceChange
) -> list[Change[Workspace]]:
    """Set the fields of ``change`` on ``workspace``.

    Raises
    ------
    InvalidError
        A value is not valid, or the patterns are too long, all together.
    ConflictError
        It is archived, or another one in use has the name.
    """
    check_in_use(workspace)
    rules = workspace.visibility
    visibility = Visibility(change.get("allow", rules.allow), change.get("deny", rules.deny))
    after = replace(
        workspace,
        name=change.get("name", workspace.name),
        visibility=visibility,
        shape=change.get("shape", workspace.shape),
        display_color=change.get("display_color", workspace.display_color),
        tags=change.get("tags", workspace.tags),
    )
    _check_name_is_free(reader, after)
    if after.visibility != rules:  # those of old databases may be longer, and stay
        check_patterns(after.visibility)
    return change_of(Action.CHANGE, workspace, after)


def archive_workspace(reader: AccessReader, workspace: Workspace, now: datetime) -> list[Change[Workspace]]:
    """Archive ``workspace`` as of ``now``; its keys stop working, and its name is free.

    Raises
    ------
    ConflictError
        It is archived already, is the default workspace, or that of the keys that a source is asked about.
    """
    check_not_asking(reader.sources(), workspace)
    return archive_unless_default(reader, workspace, now)


def archive_unless_default(reader: AccessReader, workspace: Workspace, now: datetime) -> list[Change[Workspace]]:
    """Archive ``workspace`` as `archive_workspace` does, but leave it to the caller to check what sources say."""
    check_in_use(workspace)
    if reader.default_workspace_id() == workspace.id:
        raise ConflictError(f"{workspace.name} is the default workspace, which cannot be archived.")
    return [Change(Action.ARCHIVE, workspace, replace(workspace, archived_at=now))]


def check_in_use(workspace: Workspace) -> None:
    """Raise ConflictError if ``workspace`` is archived."""
    if workspace.archived_at is not None:
        raise ConflictError(f"{workspace.id} is archived.")


def _check_name_is_free(reader: AccessReader, workspace: Workspace) -> None:
    for other in reader.workspaces_named(workspace.name):
        if other.id != workspace.id and other.archived_at is None:
            raise ConflictError(f"There is a workspace named {workspace.name!r} already: {other.id}.", field="name")
