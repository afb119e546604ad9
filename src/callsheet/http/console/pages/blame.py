"""``/console/changes/blame/MODEL``: who says what of a model, and every value that a field had."""

from typing import Final

from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.pages.actors import with_words
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Page, Visit


def _show(visit: Visit) -> Page:
    blamed = visit.calls.read("blameCatalogFields", {"model": visit.ids["model"]})
    named = iter(with_words(visit, [each for values in blamed["fields"].values() for each in values]))
    fields = {name: [next(named) for _ in values] for name, values in blamed["fields"].items()}
    data = {"model": blamed["id"], "fields": fields, "is_there": _is_there(visit, blamed["id"])}
    return Page("blame.html", data, f"Who said what of {blamed['id']}")


def _is_there(visit: Visit, model: str) -> bool:
    try:
        visit.calls.read("retrieveCatalogModel", {"model": model})
    except AdminError as error:
        if error.code is Code.DOES_NOT_EXIST:
            return False
        raise
    return True


BLAME: Final = (Route(path="/changes/blame/{model}", show=_show),)
