"""``/console/models``: the catalogue."""

from typing import Final

from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Page, Visit

_LIMIT: Final = 50


def _list(visit: Visit) -> Page:
    cursors = {name: visit.query.get(name) for name in ("after_id", "before_id")}
    found = visit.calls.read("listCatalogModels", limit=_LIMIT, **cursors)
    data = {
        "models": found["data"],
        "page": {name: found[name] for name in ("first_id", "last_id", "has_more")},
        "query": dict(visit.query),
        "lines": [],
        "sources": [],
        "counts": None,
    }
    return Page("models.html", data, "Catalogue")


MODELS: Final = (Route(path="/models", show=_list), Route(path="", show=_list))
