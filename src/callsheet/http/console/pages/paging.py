"""Paging: which part of a list is asked for by the address of a page, and where its neighbours begin."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.http.console.visit import Visit

_CURSORS: Final = ("after_id", "before_id")

#: The answer of a list of which nothing can be shown.
NOTHING: Final[Mapping[str, Any]] = {"data": [], "first_id": None, "last_id": None, "has_more": False}


def cursors_in(visit: Visit) -> dict[str, str]:
    """Return the cursors in the address that are not empty, as calls take them."""
    return {name: visit.query[name] for name in _CURSORS if visit.query.get(name)}


def ends_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template needs of the answer of a list to link to the pages before and after."""
    return {name: found[name] for name in ("first_id", "last_id", "has_more")}
