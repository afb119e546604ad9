"""``/console/changes/compare``: what is other at one moment than at another, and back to it."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.http.admin.errors import AdminError
from callsheet.http.console.asked import as_command
from callsheet.http.console.commands import operands
from callsheet.http.console.edits import with_edits
from callsheet.http.console.pages.actors import with_words
from callsheet.http.console.pages.moments import days_back, offset_of, put_error
from callsheet.http.console.pages.reverting import offer, reverted
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Visit

#: Differences of a page.
_LIMIT: Final = 50

_FIELDS: Final = ("from", "to", "kind")

#: What can differ, as the call names it.
KINDS: Final = ("model", "alias", "workspace", "key", "source")


def _compare(visit: Visit) -> Page:
    query = {name: visit.query[name].strip() for name in _FIELDS if visit.query.get(name, "").strip()}
    if not visit.form.is_sent:
        visit.form.fill({name: query.get(name, "") for name in _FIELDS})
    after_id = visit.query.get("after_id") or None
    compared = _compared(visit, query, after_id) if "from" in query else None
    data = {
        "compared": compared,
        "query": {**query, **({} if after_id is None else {"after_id": after_id})},
        "kinds": KINDS,
        "days": days_back(visit),
        "at": None if compared is None else offset_of(compared["from"], visit.now),
    }
    return Page("compare.html", data, "Compare two moments", status=400 if visit.form.errors else 200)


def _compared(visit: Visit, query: Mapping[str, str], after_id: str | None) -> dict[str, Any] | None:
    try:
        found = visit.calls.read("compareMoments", limit=_LIMIT, after_id=after_id, **query)
    except AdminError as error:
        put_error(visit.form, error, *_FIELDS)
        return None
    is_back = found["from"]["revision"] < found["to"]["revision"] and not found["from"]["is_future"]
    to = str(found["from"]["revision"])
    last = iter(with_words(visit, [each["by"] for each in found["differences"] if each["by"] is not None]))
    differences = [
        {
            **with_edits(each, visit.workspace_names),
            "by": None if each["by"] is None else next(last),
            "revert": offer(visit, each["kind"], each, to) if is_back else None,
        }
        for each in found["differences"]
    ]
    return {**found, "differences": differences, **_as_command(query)}


def _as_command(query: Mapping[str, str]) -> dict[str, str]:
    """How the same is asked without the console."""
    moments = operands(query["from"], *([query["to"]] if "to" in query else []))
    return as_command(["catalog", "diff", *moments], "compareMoments", query)


def _revert(visit: Visit) -> Outcome:
    query = {name: visit.query[name] for name in (*_FIELDS, "after_id") if name in visit.query}
    return reverted(visit, visit.url("changes", "compare", **query))


COMPARE: Final = (Route(path="/changes/compare", show=_compare, submit=_revert),)
