"""``/console/models``: the catalogue, searched and filtered; and what was removed although others list it."""

from typing import Any, Final

from callsheet.domain.model import Lifecycle
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.change import Change
from callsheet.http.console.pages.paging import NOTHING, ends_of
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Page, Visit

#: Models of a page.
_LIMIT: Final = 50

_FILTERS: Final = ("lifecycle", "line", "source", "hidden")
_CURSORS: Final = ("after_id", "before_id")
_HIDDEN: Final = {"yes": True, "no": False}

#: The value of ``show`` that shows what is suppressed in place of the catalogue.
_SUPPRESSED: Final = "suppressed"


def _show(visit: Visit) -> Page:
    return _list_suppressed(visit) if visit.query.get("show") == _SUPPRESSED else _list(visit)


def _list(visit: Visit) -> Page:
    query = {name: text for name in ("q", *_FILTERS, *_CURSORS) if (text := visit.query.get(name, "").strip())}
    found, problem = NOTHING, None
    try:
        found = _found(visit, query)
    except AdminError as error:
        if error.code is not Code.INVALID_REQUEST:
            raise
        problem = error.message
    known = visit.calls.read("countCatalogModels", wait=False)
    data = {
        "models": found["data"],
        "page": ends_of(found),
        "query": query,
        "problem": problem,
        "is_filtered": any(name in query for name in ("q", *_FILTERS)),
        "lifecycles": list(Lifecycle),
        "lines": known["lines"],
        "sources": known["sources"],
        "counts": known["counts"],
    }
    return Page("models.html", data, "Catalogue", status=200 if problem is None else 400)


def _found(visit: Visit, query: dict[str, str]) -> dict[str, Any]:
    """The page of the models that are looked for; the first one if a cursor means nothing any more."""
    asked: dict[str, Any] = {name: query.get(name) for name in ("lifecycle", "line", "source")}
    asked |= {"text": query.get("q"), "hidden": _HIDDEN.get(query.get("hidden", "")), "limit": _LIMIT}
    try:
        return visit.calls.read(
            "searchCatalogModels", None, **asked, **{name: query.get(name) for name in _CURSORS}
        )
    except AdminError as error:
        if error.code is not Code.INVALID_CURSOR:
            raise
        for name in _CURSORS:
            query.pop(name, None)
        return visit.calls.read("searchCatalogModels", None, **asked)


def _list_suppressed(visit: Visit) -> Page:
    found = visit.calls.read("listSuppressed")["data"]
    command = Change("releaseCatalogModel", {"model": "ID"}).shown()
    return Page("suppressed.html", {"suppressed": found, "command": command}, "Suppressed models")


MODELS: Final = (Route(path="/models", show=_show),)
