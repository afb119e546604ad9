"""Forms of ``/console/keys``: a key to create, to change or to replace."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.names import check_name
from callsheet.domain.changes.keys import MAX_OVERLAP_HOURS, check_future
from callsheet.domain.times import parse_instant
from callsheet.http.admin.errors import AdminError
from callsheet.http.console.change import Change
from callsheet.http.console.forms import FieldError, Form, value_of
from callsheet.http.console.pages.keys import MAX_SHOWN_MODELS, change_of
from callsheet.http.console.pages.workspace_choices import choices, named
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit

_TITLES: Final = {"disable": "Disable {}", "enable": "Enable {}", "archive": "Archive {} permanently"}

_NO_NAME: Final = "Say who or what the key is for."


def _new(visit: Visit) -> Page:
    workspace = visit.query.get("workspace") or visit.calls.state.default_workspace_id
    visit.form.fill({"name": visit.query.get("name", ""), "workspace": workspace, "expires_at": ""})
    return _form(visit, None, Change("createKeyRecord", {}, {"name": "NAME", "workspace": workspace}))


def _create(visit: Visit) -> Outcome:
    form = visit.form
    if form.raw("preview"):
        return _new(visit)
    _check(visit, set(form.initial))
    workspace, expires_at = form.text("workspace"), form.text("expires_at")
    body: dict[str, Any] = {"name": form.text("name")}
    body |= {"workspace": workspace} if workspace else {"organization": True}
    if expires_at:
        body["expires_at"] = expires_at
    return Review(Change("createKeyRecord", {}, body), visit.url("keys"), f"Create the key {body['name']}")


def _changed(visit: Visit) -> Page:
    key = visit.calls.read("getKeyRecord", {"key": visit.ids["key"]})
    visit.form.fill({name: value_of(key[field]) for name, field in _FIELDS.items()})
    return _form(visit, key, Change("updateKeyRecord", {"key": key["id"]}, {"name": "NAME"}))


_FIELDS: Final = {"name": "name", "workspace": "workspace_id", "expires_at": "expires_at"}


def _change(visit: Visit) -> Outcome:
    form, action = visit.form, visit.form.raw("action")
    if form.raw("preview"):
        return _changed(visit)
    key = visit.calls.read("getKeyRecord", {"key": visit.ids["key"]})
    back = visit.url("keys", key["id"])
    if action is not None:
        change = change_of(key["id"], action)
        return Review(change, back, _TITLES[action].format(key["name"]))
    changed = form.changed()
    _check(visit, changed)
    body = {name: form.text(name) or None for name in sorted(changed)}
    return Review(Change("updateKeyRecord", {"key": key["id"]}, body), back, f"Change {key['name']}")


def _check(visit: Visit, names: Collection[str]) -> None:
    """Note what of these fields no key can have."""
    form, expires_at = visit.form, visit.form.text("expires_at")
    if "name" in names:
        with form.at("name"):
            if not form.text("name"):
                raise FieldError("name", _NO_NAME)
            check_name(form.text("name"), "A key name")
    if "expires_at" in names and expires_at:
        with form.at("expires_at"):
            check_future(parse_instant(expires_at, "expires_at"), visit.now)


def _form(visit: Visit, key: Mapping[str, Any] | None, example: Change) -> Page:
    offered, title = choices(visit), "Create a key" if key is None else f"Change {key['name']}"
    if offered is not None and key is not None and key["workspace_id"] is not None:
        known = {each["id"] for each in offered}
        own = named(visit, [key["workspace_id"]]).items()
        offered += [each for name, each in own if name not in known]
    return Page(
        "key_form.html",
        {
            "key": key,
            "workspaces": offered,
            "preview": _preview(visit, visit.form.text("workspace")),
            "change": example.shown(),
        },
        title,
        extra={
            "action": visit.url("keys", "new", name=visit.query.get("name"), workspace=visit.query.get("workspace"))
            if key is None
            else visit.url("keys", key["id"], "change"),
            "back": visit.url("keys") if key is None else visit.url("keys", key["id"]),
        },
    )


def _preview(visit: Visit, workspace: str) -> dict[str, Any] | None:
    """What a key of a workspace would see; one of the organization, what it sees unless a request says which."""
    calls = visit.calls
    try:
        rules = calls.read("getWorkspaceRecord", {"workspace": workspace or calls.state.default_workspace_id})
    except AdminError as error:
        visit.form.errors.setdefault("workspace", error.message)
        return None
    wanted = {name: rules[name] for name in ("allow", "deny")}
    asked = {"rules": [wanted], "in_order": True, "limit": MAX_SHOWN_MODELS}
    seen = calls.ask("lookThroughRules", {}, asked)["data"][0]
    is_archived = rules["archived_at"] is not None
    if is_archived:
        seen |= {"visible": [], "count": 0}
    return {**seen, "workspace": rules["name"], "gains": [], "loses": []}


def _replacement(visit: Visit) -> Page:
    key = visit.calls.read("getKeyRecord", {"key": visit.ids["key"]})
    visit.form.fill({"overlap": "24", "other_hours": ""})
    change = Change("rotateKeyRecord", {"key": key["id"]}, {"overlap_hours": 24})
    data = {"key": key, "change": change.shown()}
    return Page("key_replace.html", data, f"Replace the secret of {key['name']}")


def _replace(visit: Visit) -> Outcome:
    key = visit.calls.read("getKeyRecord", {"key": visit.ids["key"]})
    change = Change("rotateKeyRecord", {"key": key["id"]}, {"overlap_hours": _hours(visit.form)})
    return Review(change, visit.url("keys", key["id"]), f"Replace the secret of {key['name']}")


def _hours(form: Form) -> float:
    """For how long the old secret works on."""
    name = "overlap" if form.text("overlap") != "other" else "other_hours"
    text = form.text(name).replace(",", ".")
    try:
        hours = float(text)
    except ValueError:
        hours = -1
    if not 0 <= hours <= MAX_OVERLAP_HOURS:
        shown = repr(text[:40]) if text else "nothing"
        raise FieldError(name, f"Type a number of hours from 0 to {MAX_OVERLAP_HOURS:,}, such as 36, not {shown}.")
    return int(hours) if hours == int(hours) else hours


KEY_FORMS: Final = (
    Route(path="/keys/new", show=_new, submit=_create, scope=Scope.KEYS),
    Route(path="/keys/{key}/change", show=_changed, submit=_change, scope=Scope.KEYS),
    Route(path="/keys/{key}/replace", show=_replacement, submit=_replace, scope=Scope.KEYS),
)
