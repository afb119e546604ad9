"""``/console/workspaces``: the list, one workspace, and the form by which it is made or changed."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.names import check_name
from callsheet.domain.access.visibility import NOTHING, check_pattern
from callsheet.domain.access.workspace import check_color, check_workspace_id
from callsheet.http.admin.errors import AdminError
from callsheet.http.console.buttons import unknown_button
from callsheet.http.console.change import Change
from callsheet.http.console.forms import FieldError, Form, nothing_changed
from callsheet.http.console.pages.histories import history_of
from callsheet.http.console.pages.paging import cursors_in, ends_of
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit

#: Models that are looked at for a preview while a person types.
MAX_PREVIEW_MODELS: Final = 20_000

_LIMIT: Final = 50

#: Models and keys that the page of a workspace shows.
_SHOWN: Final = 10

_NEW: Final[Mapping[str, Any]] = {
    "name": "",
    "id": "",
    "allow": ["*"],
    "deny": [],
    "shape": "",
    "display_color": "#6c5bb9",
}


def _list(visit: Visit) -> Page:
    found = visit.calls.read(
        "listWorkspaceRecords",
        search=visit.query.get("q", ""),
        archived="archived" in visit.query,
        counts=True,
        limit=_LIMIT,
        **cursors_in(visit),
    )
    data = {
        "workspaces": found["data"],
        "page": ends_of(found),
        "query": dict(visit.query),
    }
    return Page("workspaces.html", data, "Workspaces")


def _show(visit: Visit) -> Page:
    calls, workspace = visit.calls, _workspace(visit)
    workspace_id = workspace["id"]
    keys = calls.read("listAPIKeys", workspace_id=workspace_id, limit=_SHOWN)
    seen = None if workspace["archived_at"] else calls.read("whatSees", subject=workspace_id, limit=_SHOWN)
    data = {
        "workspace": workspace,
        "seen": seen,
        "keys": keys["data"],
        "keys_more": keys["has_more"],
        **history_of(visit, "workspace", workspace_id),
        "commands": {"archive": _archive(workspace_id).shown()},
    }
    return Page("workspace.html", data, workspace["name"])


def _workspace(visit: Visit) -> dict[str, Any]:
    """The workspace of the address, by id; by its name only where that is what the address has."""
    found = visit.calls.read("getWorkspaceRecord", {"workspace": visit.ids["workspace"]})
    return visit.calls.read("getWorkspace", {"workspace_id": found["id"]})


def _archive(workspace_id: str) -> Change:
    return Change("archiveWorkspaceRecord", {"workspace": workspace_id})


def _new(visit: Visit) -> Page:
    visit.form.fill(_NEW)
    return _form_page(visit, None)


def _create(visit: Visit) -> Outcome:
    if visit.form.raw("preview") is not None:
        return _form_page(visit, None, with_preview=True)
    body = {name: value for name, value in _values(visit.form).items() if value is not None}
    return Review(Change("createWorkspaceRecord", {}, body), visit.url("workspaces"), f"Create {body['name']}")


def _change(visit: Visit) -> Page:
    workspace = _workspace(visit)
    visit.form.fill(
        {
            **{name: workspace[name] for name in ("name", "allow", "deny")},
            "shape": workspace["shape"] or "",
            "display_color": workspace["display_color"].lower(),
        }
    )
    return _form_page(visit, workspace)


def _update(visit: Visit) -> Outcome:
    workspace = _workspace(visit)
    back = visit.url("workspaces", workspace["id"])
    if visit.form.raw("preview") is not None:
        return _form_page(visit, workspace, with_preview=True)
    action = visit.form.raw("action")
    if action == "archive":
        return Review(_archive(workspace["id"]), back, f"Archive {workspace['name']}")
    if action is not None:
        raise unknown_button(action)
    body = _changed(visit.form)
    if not body:
        raise nothing_changed()
    return Review(_update_of(workspace["id"], body), back, f"Change {workspace['name']}")


def _update_of(workspace_id: str, body: Mapping[str, Any]) -> Change:
    return Change("updateWorkspaceRecord", {"workspace": workspace_id}, body)


def _changed(form: Form) -> dict[str, Any]:
    """What of the fields was changed; rules are sent together, as one command sets both."""
    changed = form.changed()
    if changed & {"allow", "deny"}:
        changed |= {"allow", "deny"}
    return {name: value for name, value in _values(form).items() if name in changed}


def _values(form: Form) -> dict[str, Any]:
    """The fields as the calls take them; the form notes those that are not valid."""
    _check(form)
    return {
        "name": form.text("name"),
        "id": form.text("id") or None,
        "allow": form.lines("allow"),
        "deny": form.lines("deny"),
        "shape": form.text("shape") or None,
        "display_color": form.text("display_color").upper() or None,
    }


def _check(form: Form) -> None:
    with form.at("name"):
        if not form.text("name"):
            raise FieldError("name", "Type a name, such as Research; people know the workspace by it.")
        check_name(form.text("name"), "A workspace name")
    if form.text("id"):
        with form.at("id"):
            check_workspace_id(form.text("id"))
    for name in ("allow", "deny"):
        with form.at(name):
            for pattern in form.lines(name):
                check_pattern(pattern)
    if form.text("display_color"):
        with form.at("display_color"):
            check_color(form.text("display_color"))


def _form_page(visit: Visit, workspace: Mapping[str, Any] | None, *, with_preview: bool = False) -> Page:
    data: dict[str, Any] = {"workspace": workspace, "preview": None}
    if with_preview or not visit.form.is_sent or visit.form.is_again:
        data["preview"] = _preview(visit, workspace)
    title = "Create a workspace" if workspace is None else f"Change {workspace['name']}"
    segments = ("new",) if workspace is None else (workspace["id"], "change")
    to = visit.url("workspaces", *segments)
    back = visit.url("workspaces") if workspace is None else visit.url("workspaces", workspace["id"])
    change = _example(visit.form, workspace).shown()
    return Page("workspace_form.html", data, title, extra={"action": to, "back": back, "change": change})


def _example(form: Form, workspace: Mapping[str, Any] | None) -> Change:
    """The change of rules that the form shows at present, for the command."""
    rules = {"allow": form.lines("allow"), "deny": form.lines("deny")}
    if workspace is None:
        return Change("createWorkspaceRecord", {}, {"name": form.text("name") or "NAME", **rules})
    return _update_of(workspace["id"], rules)


def _preview(visit: Visit, workspace: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the rules in the form let be seen, beside what those of the workspace do; or what is wrong with them."""
    typed = {"allow": visit.form.lines("allow"), "deny": visit.form.lines("deny")}
    former = [] if workspace is None else [{name: workspace[name] for name in ("allow", "deny")}]
    try:
        found = visit.calls.ask("lookThroughRules", {}, {"rules": [typed, *former], "most": MAX_PREVIEW_MODELS})
    except AdminError as error:
        return {"problem": error.message}
    sight, before = found["data"][0], found["data"][1:]
    visible = sight["visible"]
    return {
        **sight,
        "idle": [each for each in sight["idle"] if each != NOTHING],
        "problem": None,
        "is_whole": found["is_whole"],
        "gains": _without(visible, before[0]["visible"]) if before else [],
        "loses": _without(before[0]["visible"], visible) if before else [],
    }


def _without(ids: Sequence[str], others: Sequence[str]) -> list[str]:
    left_out = frozenset(others)
    return [each for each in ids if each not in left_out]


WORKSPACES: Final = (
    Route(path="/workspaces", show=_list),
    Route(path="/workspaces/new", show=_new, submit=_create, scope=Scope.KEYS),
    Route(path="/workspaces/{workspace}", show=_show),
    Route(path="/workspaces/{workspace}/change", show=_change, submit=_update, scope=Scope.KEYS),
)
