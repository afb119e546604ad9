"""Workspaces by id or name: ``/v1/organizations/access/workspaces``."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape, Workspace
from callsheet.domain.changes.workspaces import WorkspaceChange
from callsheet.domain.query import MAX_LIMIT
from callsheet.http.admin.access.answers import (
    DatedWorkspaceRecord,
    ListedWorkspaceRecord,
    SightsRecord,
    WorkspaceRecord,
)
from callsheet.http.admin.endpoint import ROOT, Answer, Asked, Body, ChangeQuery, Doing, Endpoint, Input
from callsheet.http.admin.moments import DatedPage, MomentPageQuery, MomentQuery, at_moment, cut_items
from callsheet.http.admin.page import cursor_of
from callsheet.http.admin.plain import AnyReading, MomentReader, catalog_of, page, state_of
from callsheet.http.admin.workspace_types import ALL, Pattern, allow_of, shown_allow
from callsheet.service.glance import count_listed, glance
from callsheet.service.key_counts import count_working_keys
from callsheet.service.moments.reading import MomentReading
from callsheet.service.records import sight_record
from callsheet.storage.transactions.read import ReadTransaction

_WORKSPACES: Final = f"{ROOT}/access/workspaces"

MAX_SEARCH_CHARACTERS: Final = 256


class Counted(NamedTuple):
    """How many keys of a workspace work, and how many models are listed for them; None if that was not counted."""

    keys: int | None
    models: int | None


class NewWorkspaceRecord(Input):
    """A workspace to create."""

    name: str
    id: str | None = Field(None, description="Its id, if it has one elsewhere.")
    allow: list[Pattern] = Field([ALL], description='["*"] is all models, [] is none.')
    deny: list[Pattern] = Field(default_factory=list)
    shape: Shape | None = Field(None, strict=False)
    display_color: str | None = Field(None, description="Such as #6C5BB9; null: one that the id decides.")


class ChangedWorkspaceRecord(Input):
    """What is to change of a workspace; what is left out stays as it is."""

    name: str = ""
    allow: list[Pattern] = Field([ALL])
    deny: list[Pattern] = Field(default_factory=list)
    shape: Shape | None = Field(None, strict=False)
    display_color: str | None = Field(None, description="null: one that the id decides.")


class WorkspacesQuery(MomentPageQuery):
    """Which workspaces are listed, and what of them."""

    search: str = Field(
        "", max_length=MAX_SEARCH_CHARACTERS, description="Only those whose name or id holds this text."
    )
    archived: bool = Field(True, description="Whether archived ones are among them.")
    counts: bool = Field(False, description="Whether their keys and models are counted.")


class Rules(Input):
    """Rules of a workspace."""

    allow: list[Pattern] = Field([ALL])
    deny: list[Pattern] = Field(default_factory=list)


class SeveralRules(Input):
    """Rules to look at."""

    rules: list[Rules] = Field(min_length=1, max_length=10)
    in_order: bool = Field(False, description="Whether models are in the order of the Models API.")
    limit: int | None = Field(
        None, ge=1, le=MAX_LIMIT, description="Maximum number of models that are named; all if it is left out."
    )
    most: int | None = Field(
        None,
        ge=1,
        description="Look at so many models only, in the order of the Models API from the first one on; all if it "
        "is left out, which takes long if there are very many.",
    )


def workspace_record(workspace: Workspace) -> dict[str, Any]:
    """Return a workspace as callers see it."""
    return {**workspace.record(), "allow": shown_allow(workspace.visibility)}


def _list(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    query: WorkspacesQuery = asked.query
    found: Sequence[Workspace]
    if isinstance(reading, MomentReading):
        there = [each for each in reading.workspaces() if _fits(each, query)]
        there.sort(key=lambda each: (each.created_at, each.id), reverse=True)
        found, has_more = cut_items(there, lambda each: each.id, query)
    else:
        found, has_more = reading.workspace_page(cursor_of(query), archived=query.archived, search=query.search)
    default_id = reading.default_workspace_id()
    counts = _counts(reading, asked, found) if query.counts else {}
    return page([_listed(each, default_id, counts) for each in found], "id", has_more=has_more)


def _fits(workspace: Workspace, query: WorkspacesQuery) -> bool:
    wanted = query.search.lower()
    is_meant = wanted in workspace.name.lower() or wanted in workspace.id.lower()
    return is_meant and (query.archived or workspace.archived_at is None)


def _listed(workspace: Workspace, default_id: str | None, counts: Mapping[str, Counted]) -> dict[str, Any]:
    keys, models = counts.get(workspace.id, Counted(None, None))
    return {
        **workspace_record(workspace),
        "color": workspace.color,
        "is_default": workspace.id == default_id,
        "keys": keys,
        "models": models,
    }


def _counts(reading: AnyReading, asked: Asked, workspaces: Sequence[Workspace]) -> dict[str, Counted]:
    """How many keys work and how many models are listed, of the workspaces in use."""
    state = state_of(reading, asked)
    used = [each for each in workspaces if each.archived_at is None]
    keys = count_working_keys(state, asked.now.timestamp())
    models = count_listed(state, [each.visibility for each in used])
    return {each.id: Counted(keys[each.id], models[each.visibility]) for each in used}


def _show(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    return workspace_record(MomentReader(reading, asked).access.show_workspace(asked.ids["workspace"]))


def _sights(reading: AnyReading, asked: Asked) -> dict[str, Any]:
    wanted: SeveralRules = asked.body
    rules = [Visibility(allow_of(each.allow), tuple(each.deny)) for each in wanted.rules]
    if wanted.most is None:
        sights = MomentReader(reading, asked).access.sights(
            *rules, in_order=wanted.in_order, limit=wanted.limit, known=catalog_of(reading, asked)
        )
        return {"data": [sight_record(each) for each in sights], "is_whole": True}
    seen = glance(state_of(reading, asked), rules, wanted.most)
    return {"data": [sight_record(each) for each in seen.sights], "is_whole": seen.is_whole}


def _create(doing: Doing, asked: Asked) -> Workspace:
    new: NewWorkspaceRecord = asked.body
    rules = Visibility(allow_of(new.allow), tuple(new.deny))
    return doing.access.create_workspace(new.name, new.id, rules, new.shape, display_color=new.display_color)


def _change(doing: Doing, asked: Asked) -> Workspace:
    sent: ChangedWorkspaceRecord = asked.body
    wanted = WorkspaceChange()
    if "name" in sent.model_fields_set:
        wanted["name"] = sent.name
    if "allow" in sent.model_fields_set:
        wanted["allow"] = allow_of(sent.allow)
    if "deny" in sent.model_fields_set:
        wanted["deny"] = tuple(sent.deny)
    if "shape" in sent.model_fields_set:
        wanted["shape"] = sent.shape
    if "display_color" in sent.model_fields_set:
        wanted["display_color"] = sent.display_color
    return doing.access.change_workspace(asked.ids["workspace"], wanted).workspace


def _archive(doing: Doing, asked: Asked) -> Workspace:
    return doing.access.archive_workspace(asked.ids["workspace"])


def _shown(_reading: ReadTransaction, _asked: Asked, workspace: Workspace) -> Answer:
    return workspace_record(workspace)


WORKSPACES: Final = (
    Endpoint(
        method="GET",
        path=_WORKSPACES,
        operation="listWorkspaceRecords",
        summary="List all workspaces, newest first, the default one and archived ones too.",
        scope=Scope.READ,
        query=WorkspacesQuery,
        answer=DatedPage[ListedWorkspaceRecord],
        read=at_moment(_list),
    ),
    Endpoint(
        method="POST",
        path=_WORKSPACES,
        operation="createWorkspaceRecord",
        summary="Create a workspace, with an id of your own if you like.",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=NewWorkspaceRecord,
        answer=WorkspaceRecord,
        act=_create,
        show=_shown,
    ),
    Endpoint(
        method="GET",
        path=f"{_WORKSPACES}/{{workspace}}",
        operation="getWorkspaceRecord",
        summary="Show one workspace, by id or name.",
        scope=Scope.READ,
        query=MomentQuery,
        answer=DatedWorkspaceRecord,
        read=at_moment(_show),
    ),
    Endpoint(
        method="POST",
        path=f"{_WORKSPACES}/{{workspace}}",
        operation="updateWorkspaceRecord",
        summary="Change a workspace, by id or name.",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=ChangedWorkspaceRecord,
        answer=WorkspaceRecord,
        act=_change,
        show=_shown,
    ),
    Endpoint(
        method="POST",
        path=f"{_WORKSPACES}/{{workspace}}/archive",
        operation="archiveWorkspaceRecord",
        summary="Archive a workspace, by id or name; its keys stop working.",
        scope=Scope.KEYS,
        query=ChangeQuery,
        body=Body,
        answer=WorkspaceRecord,
        act=_archive,
        show=_shown,
    ),
    Endpoint(
        method="POST",
        path=f"{ROOT}/access/sights",
        operation="lookThroughRules",
        summary="Return which models rules let be seen; nothing is changed.",
        scope=Scope.READ,
        query=MomentQuery,
        body=SeveralRules,
        answer=SightsRecord,
        read=at_moment(_sights),
    ),
)
