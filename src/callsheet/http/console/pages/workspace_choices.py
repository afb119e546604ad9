"""Workspaces as forms need them: to choose from, and with name and colour by id."""

from collections.abc import Iterable
from typing import Any, Final

from callsheet.http.console.visit import Visit

#: Workspaces that are offered in a list; of more, one types the name or the id.
MAX_CHOICES: Final = 200


def choices(visit: Visit) -> list[dict[str, Any]] | None:
    """Return the workspaces in use, by name; None if there are too many to choose from a list."""
    found = visit.calls.read("listWorkspaces", limit=MAX_CHOICES, include_default="true")
    if found["has_more"]:
        return None
    return sorted(map(_short, found["data"]), key=lambda each: (not each["is_default"], each["name"].casefold()))


def named(visit: Visit, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return by id the workspaces with these ids, at most a hundred, archived ones too."""
    wanted = list(ids)
    if not wanted:
        return {}
    whole = {"include_archived": "true", "include_default": "true"}
    found = visit.calls.read("listWorkspaces", limit=len(wanted), **whole, **{"ids[]": wanted})
    return {each["id"]: _short(each) for each in found["data"]}


def _short(workspace: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "name", "is_default", "archived_at")
    return {**{name: workspace[name] for name in names}, "color": workspace["display_color"]}
