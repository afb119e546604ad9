"""``/console/access``: who sees what, as a matrix of models and sets of rules."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from callsheet.http.console.pages.paging import ends_of
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Page, Visit

#: Models and sets of rules on a page.
MAX_ROWS: Final = 40
MAX_COLUMNS: Final = 12

#: Models that are asked about at a time, and how often, while those are looked for that not all see alike.
_BATCH_SIZE: Final = 100
_MAX_BATCHES: Final = 10


def _matrix(visit: Visit) -> Page:
    columns = _cells(visit, [])
    rows, place = _differing(visit) if visit.query.get("differ") else _every(visit)
    colors = visit.colors
    data = {
        "columns": [_column(colors, each) for each in columns["data"]],
        "column_page": {name: columns[name] for name in ("first_id", "last_id", "has_more", "total")},
        "rows": rows,
        "page": place,
        "query": dict(visit.query),
    }
    return Page("access.html", data, "Who sees what")


def _every(visit: Visit) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The models that fit, with a cell for each column, and where they are among all."""
    found = _models(visit, MAX_ROWS, visit.query.get("after_id"), visit.query.get("before_id"))
    return _rows(visit, found["data"]), ends_of(found)


def _differing(visit: Visit) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The same of models that not all of the columns see alike; of many models, only so many are looked at."""
    is_back = "before_id" in visit.query and "after_id" not in visit.query
    cursor = visit.query.get("before_id" if is_back else "after_id")
    rows: list[dict[str, Any]] = []
    first, has_more = cursor, True
    for _ in range(_MAX_BATCHES):
        found = _models(visit, _BATCH_SIZE, *((None, cursor) if is_back else (cursor, None)))
        batch = found["data"][::-1] if is_back else found["data"]
        first = first or (batch[0]["id"] if batch else None)
        for row in _different(_rows(visit, batch)):
            rows.append(row)
            if len(rows) > MAX_ROWS:
                break
        has_more = found["has_more"] or len(rows) > MAX_ROWS
        cursor = batch[-1]["id"] if batch else cursor
        if len(rows) > MAX_ROWS or not found["has_more"]:
            break
    if len(rows) > MAX_ROWS:
        del rows[MAX_ROWS:]
        cursor = rows[-1]["id"]
    near = rows[0]["id"] if rows else first
    ends = (cursor, near) if is_back else (near, cursor)
    return rows[::-1] if is_back else rows, {"first_id": ends[0], "last_id": ends[1], "has_more": has_more}


def _different(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (row for row in rows if len(set(row["cells"])) > 1)


def _models(visit: Visit, limit: int, after: str | None, before: str | None) -> dict[str, Any]:
    text = visit.query.get("q", "")
    return visit.calls.read("searchCatalogModels", text=text, limit=limit, after_id=after, before_id=before)


def _rows(visit: Visit, models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = _cells(visit, [each["id"] for each in models])["data"]
    reaches = [
        {**dict.fromkeys(each["listed"], "listed"), **dict.fromkeys(each["retrievable"], "retrievable")}
        for each in found
    ]
    return [
        {
            **{name: each[name] for name in ("id", "display_name", "lifecycle", "hidden")},
            "cells": [reach.get(each["id"], "absent") for reach in reaches],
        }
        for each in models
    ]


def _cells(visit: Visit, ids: list[str]) -> dict[str, Any]:
    """Which of these models the columns of the page see."""
    return visit.calls.read(
        "getMatrix",
        **{"ids[]": ids or [""]},
        search=visit.query.get("workspace", ""),
        limit=MAX_COLUMNS,
        after_id=visit.query.get("columns_after"),
        before_id=visit.query.get("columns_before"),
    )


def _column(colors: Mapping[str, str], seers: Mapping[str, Any]) -> dict[str, Any]:
    workspaces = [{**each, "color": colors.get(each["id"], "")} for each in seers["workspaces"]]
    return {name: seers[name] for name in ("keys", "allow", "deny")} | {"workspaces": workspaces}


ACCESS: Final = (Route(path="/access", show=_matrix),)
