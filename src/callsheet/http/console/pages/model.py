"""``/console/models/ID``: one model, and the form by which it is changed."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.http.console.change import Change
from callsheet.http.console.forms import Form, value_of
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit

_NUMBERS: Final = ("max_input_tokens", "max_tokens")
_TEXTS: Final = ("display_name", "created_at", "line", "description", "source")


def _show(visit: Visit) -> Page:
    model = visit.calls.read("retrieveCatalogModel", {"model": visit.ids["model"]})
    return Page("model.html", {"model": model}, model["display_name"])


def _form(visit: Visit) -> Page:
    model = visit.calls.read("retrieveCatalogModel", {"model": visit.ids["model"]})
    visit.form.fill({name: value_of(model[name]) for name in (*_TEXTS, *_NUMBERS)})
    return Page("model_form.html", {"model": model}, f"Change {model['display_name']}")


def _submit(visit: Visit) -> Outcome:
    model_id = visit.ids["model"]
    return Review(
        Change("updateCatalogModel", {"model": model_id}, _body(visit.form)), visit.url("models", model_id)
    )


def _body(form: Form) -> Mapping[str, Any]:
    """What of the fields was changed, as the call takes it: an empty field is not known."""
    body: dict[str, Any] = {}
    for name in sorted(form.changed()):
        body[name] = form.number(name) if name in _NUMBERS else form.text(name) or None
    return body


MODEL: Final = (
    Route(path="/models/{model}", show=_show),
    Route(path="/models/{model}/change", show=_form, submit=_submit, scope=Scope.CATALOG),
)
