"""``/v1/organizations/workspaces``: list, create, get, update and archive."""

from typing import Annotated, Final, Literal

from pydantic import Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, Body, ChangeQuery, Doing, Endpoint, PageQuery
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.admin.page import cursor_of, page_of
from callsheet.http.admin.workspace_types import (
    AdminWorkspace,
    AdminWorkspacePage,
    NewWorkspace,
    WorkspaceUpdate,
    allow_of,
    changed_tags,
    show_workspace,
)
from callsheet.service.state.load import installation_of
from callsheet.storage.transactions.read import ReadTransaction

_MAX_IDS: Final = 100

_PATH: Final = f"{ROOT}/workspaces"


class WorkspaceQuery(PageQuery):
    """Which workspaces are listed."""

    include_archived: Literal["true", "false"] = "false"
    include_default: Literal["true", "false"] = "false"
    ids: Annotated[list[str], Field(max_length=_MAX_IDS)] | None = Field(
        None, description="Only these, as ids[]=a&ids[]=b."
    )


def find_workspace_by_id(reading: ReadTransaction, workspace_id: str) -> Workspace:
    """Return the workspace with this id; AdminError if there is none."""
    found = next(iter(reading.workspaces([workspace_id])), None)
    if found is None:
        raise AdminError(Code.DOES_NOT_EXIST, f"There is no workspace with the id {workspace_id[:80]!r}.")
    return found


def _list(reading: ReadTransaction, asked: Asked) -> Answer:
    query: WorkspaceQuery = asked.query
    default_id = installation_of(reading).default_workspace_id
    found, has_more = reading.workspace_page(
        cursor_of(query),
        archived=query.include_archived == "true",
        without=None if query.include_default == "true" else default_id,
        ids=query.ids,
    )
    return page_of([show_workspace(each, default_id) for each in found], has_more=has_more)


def _get(reading: ReadTransaction, asked: Asked) -> Answer:
    return _show(reading, asked, find_workspace_by_id(reading, asked.ids["workspace_id"]))


def _show(reading: ReadTransaction, _asked: Asked, workspace: Workspace) -> Answer:
    return show_workspace(workspace, installation_of(reading).default_workspace_id)


def _create(doing: Doing, asked: Asked) -> Workspace:
    new: NewWorkspace = asked.body
    return doing.access.create_workspace(
        new.name,
        None,
        Visibility(allow_of(new.allow), tuple(new.deny)),
        None if new.shape is None else Shape(new.shape),
        display_color=new.display_color,
        tags=new.tags,
    )


def _update(doing: Doing, asked: Asked) -> Workspace:
    update: WorkspaceUpdate = asked.body
    with doing.store.read() as reading:
        before = find_workspace_by_id(reading, asked.ids["workspace_id"])
    sent = update.model_fields_set
    wanted = WorkspaceChange()
    if update.name is not None:
        wanted["name"] = update.name
    if "allow" in sent:
        wanted["allow"] = allow_of(update.allow)
    if "deny" in sent:
        wanted["deny"] = tuple(update.deny)
    if "shape" in sent:
        wanted["shape"] = None if update.shape is None else Shape(update.shape)
    if "display_color" in sent:
        wanted["display_color"] = update.display_color
    if "tags" in sent:
        wanted["tags"] = changed_tags(dict(before.tags), update.tags)
    return doing.access.change_workspace(before.id, wanted).workspace


def _archive(doing: Doing, asked: Asked) -> Workspace:
    with doing.store.read() as reading:
        before = find_workspace_by_id(reading, asked.ids["workspace_id"])
    return doing.access.archive_workspace(before.id)


ENDPOINTS: Final = (
    Endpoint(
        method="GET",
        path=_PATH,
        operation="listWorkspaces",
        summary="List workspaces, newest first",
        scope=Scope.READ,
        query=WorkspaceQuery,
        answer=AdminWorkspacePage,
        read=_list,
    ),
    Endpoint(
        method="POST",
        path=_PATH,
        operation="createWorkspace",
        summary="Create a workspace",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=NewWorkspace,
        answer=AdminWorkspace,
        act=_create,
        show=_show,
    ),
    Endpoint(
        method="GET",
        path=f"{_PATH}/{{workspace_id}}",
        operation="getWorkspace",
        summary="Get one workspace",
        scope=Scope.READ,
        answer=AdminWorkspace,
        read=_get,
    ),
    Endpoint(
        method="POST",
        path=f"{_PATH}/{{workspace_id}}",
        operation="updateWorkspace",
        summary="Change a workspace",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=WorkspaceUpdate,
        answer=AdminWorkspace,
        act=_update,
        show=_show,
    ),
    Endpoint(
        method="POST",
        path=f"{_PATH}/{{workspace_id}}/archive",
        operation="archiveWorkspace",
        summary="Archive a workspace; its keys stop working",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=Body,
        answer=AdminWorkspace,
        act=_archive,
        show=_show,
    ),
)
