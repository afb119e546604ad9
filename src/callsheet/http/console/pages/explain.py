"""``/console/access/explain`` and its inverses: why a caller sees a model, what one sees, and how two differ."""

import shlex
from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.access.visibility import Visibility
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.admin.workspace_types import shown_allow
from callsheet.http.console.change import Change, load_change
from callsheet.http.console.forms import MENDABLE
from callsheet.http.console.pages.namesakes import namesakes
from callsheet.http.console.pages.paging import cursors_in
from callsheet.http.console.pages.remedy_titles import remedy_title
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit
from callsheet.service.explain.fixes import RemedyKind

#: Of a larger catalogue, what a fix means to others is shown on its plan only, as it takes long to find out.
MAX_PLANNED_MODELS: Final = 10_000

#: Of a larger catalogue, only the first models are compared.
MAX_COMPARED_MODELS: Final = 5_000

_LIMIT: Final = 100

#: Models that are offered in place of one that is not there.
_MAX_SIMILAR: Final = 5

_TITLES: Final = {"listed": "To have it listed", "retrievable": "To make it retrievable, but not listed"}


def _explain(visit: Visit) -> Page:
    query = visit.query
    asked = {name: query.get(name) or None for name in ("model", "key", "workspace", "dialect", "as_of")}
    visit.form.fill({name: value or "" for name, value in asked.items()})
    data: dict[str, Any] = {"explained": None, "query": dict(query), "problem": None, "similar": []}
    extra: dict[str, Any] = {"colors": visit.colors, "back": visit.url("access", "explain", **asked)}
    if asked["model"] is None:
        return Page("explain.html", data, "Explain who sees a model", extra=extra)
    try:
        has_plans = len(visit.calls.state.catalog) <= MAX_PLANNED_MODELS
        found = visit.calls.read("explain", plans=has_plans, **asked)
    except AdminError as error:
        return _mended("explain.html", data, error, extra)
    similar = _similar(visit, asked["model"], found)
    found["fixes"] = [_fix(visit, found, each) for each in found["fixes"]]
    extra["as_of"] = found.get("as_of")
    return Page(
        "explain.html",
        {**data, "explained": found, "similar": similar},
        f"{found['name']}: who sees it, and why",
        extra=extra,
    )


def _similar(visit: Visit, name: str, explained: Mapping[str, Any]) -> list[str]:
    """Models that a name without a model may be meant for: the one it may misspell, and those it is part of."""
    remedies = [each for fix in explained["fixes"] for each in fix["remedies"]]
    if not any(each["kind"] == RemedyKind.ADD for each in remedies):
        return []
    near = [each["target"] for each in remedies if each["kind"] == RemedyKind.ALIAS]
    found = visit.calls.read("searchCatalogModels", text=name, limit=_MAX_SIMILAR)["data"]
    return list(dict.fromkeys([*near, *(each["id"] for each in found)]))[:_MAX_SIMILAR]


def _mended(template: str, data: Mapping[str, Any], error: AdminError, extra: Mapping[str, Any]) -> Page:
    """The form once more, with what is wrong; raises what asking for something else does not mend."""
    if error.code not in MENDABLE:
        raise error
    return Page(template, {**data, "problem": error.message}, "Not possible", error.status, extra)


def _fix(visit: Visit, explained: Mapping[str, Any], fix: Mapping[str, Any]) -> dict[str, Any]:
    remedies = [
        _remedy(_change_of(remedy), shlex.join(command), remedy_title(visit, explained, remedy))
        for remedy, command in zip(fix["remedies"], fix["commands"], strict=True)
    ]
    return {"title": _TITLES[fix["reach"]], "reach": fix["reach"], "remedies": remedies, "plan": fix["plan"]}


def _remedy(change: Change, command: str, title: str) -> dict[str, Any]:
    shown = {"command": command, "call": change.request()}
    return {**shown, "change": change.dump(), "title": title, "scope": str(change.endpoint.scope)}


def _change_of(remedy: Mapping[str, Any]) -> Change:
    """The call that does what a remedy says."""
    subject, target = remedy["subject"], remedy["target"]
    match RemedyKind(remedy["kind"]):
        case RemedyKind.ENABLE_KEY:
            return Change("enableKeyRecord", {"key": subject})
        case RemedyKind.RENEW_KEY:
            return Change("updateKeyRecord", {"key": subject}, {"expires_at": None})
        case RemedyKind.MOVE_KEY:
            return Change("updateKeyRecord", {"key": subject}, {"workspace": target})
        case RemedyKind.RELEASE:
            return Change("releaseCatalogModel", {"model": subject})
        case RemedyKind.ADD:
            return Change("createCatalogModel", {}, {"id": subject})
        case RemedyKind.ALIAS:
            return Change("createAlias", {}, {"alias": subject, "model_id": target})
        case RemedyKind.UNHIDE:
            return Change("unhideCatalogModel", {"model": subject})
        case RemedyKind.ACTIVATE:
            return Change("updateCatalogModel", {"model": subject}, {"lifecycle": "active"})
        case RemedyKind.CHANGE_RULES:
            allow = shown_allow(Visibility(tuple(remedy["allow"])))
            return Change("updateWorkspaceRecord", {"workspace": subject}, {"allow": allow, "deny": remedy["deny"]})


def _propose(visit: Visit) -> Outcome:
    """Show the plan of a fix."""
    try:
        change = load_change(visit.form.raw("change") or "")
    except ValueError:
        raise AdminError(
            Code.INVALID_REQUEST, "This form is not complete; ask for the explanation again."
        ) from None
    back = visit.own(visit.form.raw("back") or "")
    return Review(change, back, visit.form.raw("title") or "Change")


def _sees(visit: Visit) -> Page:
    subject = visit.query.get("subject") or None
    visit.form.fill({"subject": subject or ""})
    meant = {"subject": namesakes(visit, subject)}
    data: dict[str, Any] = {"seen": None, "query": dict(visit.query), "problem": None, "meant": meant}
    extra = {"colors": visit.colors}
    if subject is None:
        return Page("sees.html", data, "What does a key or workspace see?", extra=extra)
    try:
        found = visit.calls.read("whatSees", subject=subject, limit=_LIMIT, **cursors_in(visit))
    except AdminError as error:
        return _mended("sees.html", data, error, extra)
    return Page("sees.html", {**data, "seen": found}, f"What {_name(found['for'])} sees", extra=extra)


def _compare(visit: Visit) -> Page:
    first, second = visit.query.get("first") or None, visit.query.get("second") or None
    visit.form.fill({"first": first or "", "second": second or ""})
    meant = {"first": namesakes(visit, first), "second": namesakes(visit, second)}
    data: dict[str, Any] = {"compared": None, "query": dict(visit.query), "problem": None, "meant": meant}
    extra = {"colors": visit.colors}
    if first is None or second is None:
        return Page("access_compare.html", data, "Compare what two keys or workspaces see", extra=extra)
    try:
        found = visit.calls.read("diffKeys", first=first, second=second, most=MAX_COMPARED_MODELS)
    except AdminError as error:
        return _mended("access_compare.html", data, error, extra)
    title = f"{_name(found['first'])} and {_name(found['second'])}"
    return Page("access_compare.html", {**data, "compared": found}, title, extra=extra)


def _name(subject: Mapping[str, Any]) -> str:
    return str((subject["key"] or subject["workspace"])["name"])


EXPLAIN: Final = (
    Route(path="/access/explain", show=_explain),
    Route(path="/access/fix", submit=_propose),
    Route(path="/access/sees", show=_sees),
    Route(path="/access/compare", show=_compare),
)
