"""``/console/models``: the catalogue."""

from typing import Final

from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Page, Visit

_LIMIT: Final = 50


def _list(visit: Visit) -> Page:
    query = visit.query
    found = visit.calls.read(
        "listCatalogModels", after_id=query.get("after"), before_id=query.get("before"), limit=_LIMIT
    )
    return Page("models.html", {"models": found["data"], "page": _pager(found)}, "Catalogue")


def _pager(found: dict[str, object]) -> dict[str, object]:
    return {name: found[name] for name in ("first_id", "last_id", "has_more")}


MODELS: Final = (Route(path="/models", show=_list), Route(path="", show=_list))
