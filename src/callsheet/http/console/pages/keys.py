"""``/console/keys``: the list of keys, and one key with the buttons on its page."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.http.admin.errors import AdminError
from callsheet.http.console.buttons import unknown_button
from callsheet.http.console.change import Change
from callsheet.http.console.forms import MENDABLE
from callsheet.http.console.pages.histories import history_of
from callsheet.http.console.pages.paging import NOTHING, cursors_in, ends_of
from callsheet.http.console.pages.workspace_choices import choices, named
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Page, Visit

_LIMIT: Final = 50

#: Models of a key that its page names.
MAX_SHOWN_MODELS: Final = 200


def _list(visit: Visit) -> Page:
    query = visit.query
    visit.form.fill({"workspace": query.get("workspace", "")})
    found: Mapping[str, Any]
    try:
        found = visit.calls.read(
            "listKeyRecords",
            limit=_LIMIT,
            status=query.get("status") or None,
            workspace=query.get("workspace") or None,
            text=query.get("q", "").strip() or None,
            **cursors_in(visit),
        )
        problem, status = None, 200
    except AdminError as error:
        if error.code not in MENDABLE:
            raise
        found, problem, status = NOTHING, error.message, error.status
    keys: Sequence[Mapping[str, Any]] = found["data"]
    workspaces = named(visit, {key["workspace_id"] for key in keys if key["workspace_id"] is not None})
    data = {
        "keys": [{**key, "workspace": workspaces.get(key["workspace_id"] or "")} for key in keys],
        "page": ends_of(found),
        "query": dict(query),
        "workspaces": choices(visit),
        "records_uses": visit.calls.state.has_admin_keys,
        "problem": problem,
    }
    return Page("keys.html", data, "Keys", status)


def _show(visit: Visit) -> Page:
    key = visit.calls.read("getKeyRecord", {"key": visit.ids["key"]}, models=True, limit=MAX_SHOWN_MODELS)
    is_archived = key["status"] == "archived"
    return Page(
        "key.html",
        {
            "key": key,
            "seen_from": _seen_from(visit, key),
            "records_uses": visit.calls.state.has_admin_keys,
            **history_of(visit, "key", key["id"]),
            "commands": {} if is_archived else {name: change_of(key["id"], name).shown() for name in _offered(key)},
        },
        key["name"],
    )


def _seen_from(visit: Visit, key: Mapping[str, Any]) -> dict[str, Any]:
    """The workspace by whose rules the key sees: its own, or the default one, which a request may replace."""
    workspace_id = key["workspace_id"] or visit.calls.state.default_workspace_id
    return named(visit, [workspace_id])[workspace_id]


def change_of(key_id: str, action: str) -> Change:
    """Return what a button of the page does; AdminError if it has no such button."""
    if action not in _OPERATIONS:
        raise unknown_button(action)
    return Change(_OPERATIONS[action], {"key": key_id})


def _offered(key: Mapping[str, Any]) -> list[str]:
    return ["enable" if key["status"] == "disabled" else "disable", "archive"]


#: By the word on the button.
_OPERATIONS: Final[Mapping[str, str]] = {
    "disable": "disableKeyRecord",
    "enable": "enableKeyRecord",
    "archive": "archiveKeyRecord",
}

KEYS: Final = (
    Route(path="/keys", show=_list, scope=Scope.READ),
    Route(path="/keys/{key}", show=_show, scope=Scope.READ),
)
