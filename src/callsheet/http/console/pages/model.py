"""``/console/models/ID``: one model, and the buttons on its page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.claims.claims import CLAIMABLE
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.buttons import unknown_button
from callsheet.http.console.change import Change
from callsheet.http.console.forms import FieldError
from callsheet.http.console.pages.histories import history_of
from callsheet.http.console.rendering import days_until
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Redirect, Review, Visit

_PERSON: Final = "person"

#: Makes the change of a button from the model and from what was typed beside it.
_Make = Callable[[Mapping[str, Any], str], Change]


def show_model(visit: Visit) -> Page:
    """Show one model; AdminError if there is none."""
    calls = visit.calls
    model = calls.read("retrieveCatalogModel", {"model": visit.ids["model"]})
    viewers = calls.read("whoSees", model=model["id"])["data"]
    colors = visit.colors
    colored = [
        {**each, "workspaces": [{**one, "color": colors.get(one["id"], "")} for one in each["workspaces"]]}
        for each in viewers
    ]
    visit.form.fill({"alias": ""})
    said = model["provenance"]
    return Page(
        "model.html",
        {
            "model": model,
            "releasable": [name for name, claims in said.items() if _is_by_people(name, claims)],
            "pinnable": [name for name, claims in said.items() if _is_by_others(name, claims)],
            "viewers": colored,
            "clients": calls.read("listClientSteps", model=model["id"])["data"],
            **history_of(visit, "model", model["id"]),
            "days": None if model["retires_at"] is None else days_until(model["retires_at"], visit.now),
            "commands": {name: make(model, "NAME").shown() for name, make in _OFFERED.items()},
        },
        model["display_name"],
    )


def _is_by_people(name: str, claims: list[dict[str, Any]]) -> bool:
    return name in CLAIMABLE and claims[0]["manager"] == _PERSON and claims[0]["of"] is None


def _is_by_others(name: str, claims: list[dict[str, Any]]) -> bool:
    """Whether a person can claim what a field shows; that a model is not hidden needs no claim."""
    return (
        name in CLAIMABLE and not _is_by_people(name, claims) and not (name == "hidden" and not claims[0]["value"])
    )


def _act(visit: Visit) -> Outcome:
    """Return the change of a small button."""
    model = visit.calls.read("retrieveCatalogModel", {"model": visit.ids["model"]})
    action = visit.form.raw("action") or ""
    if action == "deprecate":
        return Redirect(visit.url("retirements", "models", model["id"], back="model"))
    if action not in _ACTIONS:
        raise unknown_button(action)
    verb, make = _ACTIONS[action]
    change = make(model, (visit.form.raw("alias") or visit.form.raw("field") or "").strip())
    gone = change.operation == "removeCatalogModel"
    back = visit.url("models") if gone else visit.url("models", model["id"])
    return Review(change, back, f"{verb} {model['id']}")


def _release_all(visit: Visit) -> Outcome:
    """Return the change that drops all that people say of a model or an alias, such as that it is removed."""
    name = visit.ids["model"]
    return Review(Change("releaseCatalogModel", {"model": name}), visit.url("models", name), f"Release {name}")


def _of_model(operation: str, **body: Any) -> _Make:
    return lambda model, _typed: Change(operation, {"model": model["id"]}, body)


def _alias(model: Mapping[str, Any], alias: str) -> Change:
    if not alias:
        raise FieldError("alias", "Type the new alias.")
    return Change("createAlias", {}, {"alias": alias, "model_id": model["id"]})


def _release(model: Mapping[str, Any], field: str) -> Change:
    return Change("releaseCatalogModel", {"model": model["id"]}, {"fields": [field]} if field else {})


def _pin(model: Mapping[str, Any], field: str) -> Change:
    """The change by which people claim what a field shows, so that it stays whatever others say."""
    if field not in model["provenance"] or field not in CLAIMABLE:
        raise AdminError(Code.INVALID_REQUEST, f"No one says what {field[:40]!r} is; there is nothing to pin.")
    if field == "hidden":
        return Change("hideCatalogModel" if model["hidden"] else "unhideCatalogModel", {"model": model["id"]})
    value = model["provenance"][field][0]["value"]
    return Change("updateCatalogModel", {"model": model["id"]}, {field: value})


#: What the buttons of the page do, with the verb of their plan.
_ACTIONS: Final[Mapping[str, tuple[str, _Make]]] = {
    "hide": ("Hide", _of_model("hideCatalogModel")),
    "unhide": ("Unhide", _of_model("unhideCatalogModel")),
    "retire": ("Retire", _of_model("retireCatalogModel")),
    "activate": ("Reactivate", _of_model("updateCatalogModel", lifecycle="active")),
    "remove": ("Remove", _of_model("removeCatalogModel")),
    "alias": ("Add an alias for", _alias),
    "unalias": ("Drop an alias of", lambda _model, alias: Change("removeAlias", {"alias": alias})),
    "release": ("Release a field of", _release),
    "pin": ("Pin a field of", _pin),
}

#: The buttons whose command the page shows.
_OFFERED: Final[Mapping[str, _Make]] = {
    "deprecate": _of_model("deprecateCatalogModel"),
    **{name: _ACTIONS[name][1] for name in ("hide", "unhide", "retire", "activate", "remove", "alias")},
    "release": lambda model, _typed: _release(model, "FIELD"),
}

MODEL: Final = (
    Route(path="/models/{model}", show=show_model, submit=_act),
    Route(path="/models/{model}/release", submit=_release_all, scope=Scope.CATALOG),
)
