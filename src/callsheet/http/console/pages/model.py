"""``/console/models/ID``: one model, the form by which it is changed, and the buttons on its page."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.http.console.buttons import unknown_button
from callsheet.http.console.calls import endpoint_of
from callsheet.http.console.change import Change
from callsheet.http.console.forms import Form, value_of
from callsheet.http.console.rendering import days_until
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit

_NUMBERS: Final = ("max_input_tokens", "max_tokens")
_TEXTS: Final = ("display_name", "created_at", "line", "description", "source")

#: Changes that the page shows.
_SHOWN_CHANGES: Final = 10


def _show(visit: Visit) -> Page:
    calls = visit.calls
    model = calls.read("retrieveCatalogModel", {"model": visit.ids["model"]})
    changes = calls.read("listChanges", subject=model["id"], limit=_SHOWN_CHANGES)
    viewers = calls.read("whoSees", model=model["id"])["data"]
    colored = [
        {**each, "workspaces": [{**one, "color": visit.colors.get(one["id"], "")} for one in each["workspaces"]]}
        for each in viewers
    ]
    return Page(
        "model.html",
        {
            "model": model,
            "viewers": colored,
            "clients": [],
            "changes": changes["data"],
            "history_more": changes["has_more"],
            "days": None if model["retires_at"] is None else days_until(model["retires_at"], visit.now),
            "commands": {name: shown(action(model["id"], "")) for name, action in _OFFERED.items()},
        },
        model["display_name"],
    )


def shown(change: Change) -> dict[str, str | None]:
    """Return how a change is done without the console."""
    return change.shown(endpoint_of(change.operation))


def _form(visit: Visit) -> Page:
    model = visit.calls.read("retrieveCatalogModel", {"model": visit.ids["model"]})
    visit.form.fill({name: value_of(model[name]) for name in (*_TEXTS, *_NUMBERS)})
    return Page("model_form.html", {"model": model}, f"Change {model['display_name']}")


def _submit(visit: Visit) -> Outcome:
    model_id, action = visit.ids["model"], visit.form.raw("action")
    if action is None:
        change, title = Change("updateCatalogModel", {"model": model_id}, _body(visit.form)), f"Change {model_id}"
    elif action in _ACTIONS:
        verb, make = _ACTIONS[action]
        change, title = make(model_id, visit.form.text("alias")), f"{verb} {model_id}"
    else:
        raise unknown_button(action)
    gone = change.operation == "removeCatalogModel"
    return Review(change, visit.url("models") if gone else visit.url("models", model_id), title)


def _body(form: Form) -> Mapping[str, Any]:
    """What of the fields was changed, as the call takes it: an empty field is not known."""
    body: dict[str, Any] = {}
    for name in sorted(form.changed()):
        body[name] = form.number(name) if name in _NUMBERS else form.text(name) or None
    return body


def _of_model(operation: str, **body: Any) -> Callable[[str, str], Change]:
    return lambda model_id, _typed: Change(operation, {"model": model_id}, body)


def _alias(model_id: str, alias: str) -> Change:
    return Change("createAlias", {}, {"alias": alias, "model_id": model_id})


#: What the buttons of the page do, with the verb of their plan.
_ACTIONS: Final[Mapping[str, tuple[str, Callable[[str, str], Change]]]] = {
    "hide": ("Hide", _of_model("hideCatalogModel")),
    "unhide": ("Unhide", _of_model("unhideCatalogModel")),
    "retire": ("Retire", _of_model("retireCatalogModel")),
    "activate": ("Take back the deprecation of", _of_model("updateCatalogModel", lifecycle="active")),
    "remove": ("Remove", _of_model("removeCatalogModel")),
    "alias": ("Add a name for", _alias),
    "unalias": ("Drop a name of", lambda _model_id, alias: Change("removeAlias", {"alias": alias})),
}

_OFFERED: Final[Mapping[str, Callable[[str, str], Change]]] = {
    "deprecate": _of_model("deprecateCatalogModel"),
    "hide": _ACTIONS["hide"][1],
    "retire": _ACTIONS["retire"][1],
    "remove": _ACTIONS["remove"][1],
    "alias": lambda model_id, _typed: _alias(model_id, "NAME"),
}

MODEL: Final = (
    Route(path="/models/{model}", show=_show),
    Route(path="/models/{model}/change", show=_form, submit=_submit, scope=Scope.CATALOG),
)
