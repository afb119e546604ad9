"""``/console/models/new`` and ``/console/models/ID/change``: the form of a model."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.model import Lifecycle, check_id
from callsheet.domain.times import EPOCH, format_instant
from callsheet.http.console.change import Change
from callsheet.http.console.forms import FieldError, Form, Value, day_of, nothing_changed, value_of
from callsheet.http.console.pages.model_values import note_invalid
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit

_TEXTS: Final = ("display_name", "line", "description", "source", "same_as")
_NUMBERS: Final = ("max_input_tokens", "max_tokens")
_DAYS: Final = ("created_at", "deprecated_at", "retires_at")

#: What only a model can have that is not active any more.
_OF_AN_END: Final = ("deprecated_at", "retires_at", "retirement_precision", "retires_itself", "replacement")

_UNKNOWN: Final = format_instant(EPOCH)


def _add(visit: Visit) -> Page:
    visit.form.fill(
        {"id": "", **dict.fromkeys((*_TEXTS, *_NUMBERS), ""), "created_at": "", "capabilities": "", "hidden": False}
    )
    data = {"model": None, **_proposed(visit), "change": Change("createCatalogModel", {}, {"id": "ID"}).shown()}
    return Page(
        "model_form.html", {**data, "is_taken": visit.calls.state.catalog.get("new") is not None}, "Add a model"
    )


def _submit_new(visit: Visit) -> Outcome:
    form = visit.form
    model_id = form.text("id")
    with form.at("id"):
        if not model_id:
            raise FieldError("id", "Type the id that clients send, such as claude-sonnet-5.")
        check_id(model_id)
    said = {name: value for name, value in _body(form, set(form.initial)).items() if value}
    note_invalid(form, said)
    body = {"id": model_id, **said}
    return Review(Change("createCatalogModel", {}, body), visit.url("models", model_id), f"Add {model_id}")


def _change(visit: Visit) -> Page:
    model = visit.calls.read("retrieveCatalogModel", {"model": visit.ids["model"]})
    said = {**model, "same_as": next((each["value"] for each in model["provenance"].get("same_as", ())), None)}
    visit.form.fill(_initial(said))
    change = Change("updateCatalogModel", {"model": model["id"]}, {"display_name": model["display_name"]})
    data = {"model": model, **_proposed(visit), "change": change.shown()}
    return Page("model_form.html", data, f"Change {model['display_name']}")


def _submit_change(visit: Visit) -> Outcome:
    model = visit.calls.read("retrieveCatalogModel", {"model": visit.ids["model"]})
    body = _body(visit.form, visit.form.changed())
    note_invalid(visit.form, body)
    visit.form.check()
    if not body:
        raise nothing_changed()
    change = Change("updateCatalogModel", {"model": model["id"]}, body)
    return Review(change, visit.url("models", model["id"]), f"Change {model['id']}")


def _initial(model: Mapping[str, Any]) -> dict[str, Value]:
    """What the fields hold at present."""
    initial: dict[str, Value] = {name: value_of(model[name]) for name in (*_TEXTS, *_NUMBERS)}
    capabilities = model["capabilities"]
    initial["capabilities"] = "" if capabilities is None else json.dumps(capabilities, ensure_ascii=False, indent=2)
    initial["created_at"] = "" if model["created_at"] == _UNKNOWN else day_of(model["created_at"])
    if model["lifecycle"] != Lifecycle.ACTIVE:
        initial |= {name: value_of(model[name]) for name in _OF_AN_END}
        initial |= {name: day_of(model[name]) for name in _DAYS if name in _OF_AN_END}
    return initial


def _body(form: Form, names: set[str]) -> dict[str, Any]:
    """These fields as the call takes them; what is empty is not known. The form notes those that cannot be read."""
    body: dict[str, Any] = {}
    for name in sorted(names - {"id"}):
        with form.at(name):
            body[name] = _READ.get(name, _text)(form, name)
    return body


def _text(form: Form, name: str) -> Any:
    return form.text(name) or None


def _display_name(form: Form, name: str) -> str:
    text = form.text(name)
    if not text and "id" not in form.initial:
        raise FieldError(name, "Type a name; the id will do.")
    return text


def _capabilities(form: Form, name: str) -> dict[str, Any] | None:
    text = form.text(name)
    if not text:
        return None
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise FieldError(
            name, f"This is not valid JSON in line {error.lineno}, column {error.colno}: {error.msg}."
        ) from None
    except (ValueError, RecursionError):
        raise FieldError(name, "This is not valid JSON.") from None
    read: dict[str, Any] = value
    return read


#: How fields are read that are not plain texts.
_READ: Final[Mapping[str, Callable[[Form, str], Any]]] = {
    **dict.fromkeys(_NUMBERS, Form.number),
    **dict.fromkeys(("hidden", "retires_itself"), Form.flag),
    "display_name": _display_name,
    "capabilities": _capabilities,
}


def _proposed(visit: Visit) -> dict[str, Any]:
    """What may be typed into some fields."""
    counted = visit.calls.read("countCatalogModels", wait=False)
    return {"lines": [each["name"] for each in counted["lines"]]}


MODEL_FORM: Final = (
    Route(path="/models/new", show=_add, submit=_submit_new, scope=Scope.CATALOG),
    Route(path="/models/{model}/change", show=_change, submit=_submit_change, scope=Scope.CATALOG),
)
