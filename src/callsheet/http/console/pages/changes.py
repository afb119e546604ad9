"""``/console/changes``: what was changed, when, by whom and why; and one change with all of its revision."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.changes.change import Action, Subject
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.asked import as_command
from callsheet.http.console.commands import operands, options
from callsheet.http.console.forms import FieldError
from callsheet.http.console.pages.histories import shown_changes
from callsheet.http.console.pages.moments import days_back, put_error
from callsheet.http.console.pages.paging import NOTHING, cursors_in, ends_of
from callsheet.http.console.pages.reverting import offer, reverted
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Visit

_LIMIT: Final = 50

#: Changes of the same revision that the page of one shows.
_SHOWN_OF_REVISION: Final = 50

_TEXTS: Final = ("subject", "actor", "kind", "action", "revision", "from", "to")


def _list(visit: Visit) -> Page:
    query = {name: visit.query[name].strip() for name in _TEXTS if visit.query.get(name, "").strip()}
    visit.form.fill({name: query.get(name, "") for name in _TEXTS})
    cursors = cursors_in(visit)
    found = _found(visit, query, cursors)
    changes = shown_changes(visit, found["data"])
    data = {
        "changes": changes,
        "page": ends_of(found),
        "query": {**query, **cursors},
        "days": days_back(visit),
        "kinds": list(Subject),
        "actions": list(Action),
        "as_command": _as_command(query),
        "actors": [[actor, words] for actor, words in {each["actor"]: each["by"] for each in changes}.items()],
    }
    return Page("changes.html", data, "Changes", status=400 if visit.form.errors else 200)


def _found(visit: Visit, query: Mapping[str, str], cursors: Mapping[str, str]) -> Mapping[str, Any]:
    wanted = dict(query)
    try:
        if "revision" in wanted:
            wanted["revision"] = str(_revision(wanted.pop("revision")))
    except FieldError as error:
        visit.form.errors[error.field] = error.message
    try:
        found: Mapping[str, Any] = visit.calls.read("listChanges", limit=_LIMIT, **wanted, **cursors)
    except AdminError as error:
        if error.code is not Code.DOES_NOT_EXIST:  # of what has this name, nothing was ever recorded
            put_error(visit.form, error, *_TEXTS)
        return NOTHING
    return NOTHING if visit.form.errors else found


def _as_command(query: Mapping[str, str]) -> dict[str, str]:
    """How the same is asked without the console."""
    words = options(query, "subject")
    words += operands(query["subject"]) if "subject" in query else []
    return as_command(["catalog", "history", *words], "listChanges", query)


def _revision(text: str) -> int:
    digits = text.replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        raise FieldError("revision", f"Type the number of a revision, such as 412, not {text[:40]!r}.")
    return int(digits)


def _show(visit: Visit) -> Page:
    number = visit.ids["number"]
    change = visit.calls.read("retrieveChange", {"number": number})
    same = visit.calls.read("listChanges", revision=change["revision"], limit=_SHOWN_OF_REVISION)
    others = [each for each in same["data"] if each["number"] != change["number"]]
    (change, *others) = shown_changes(visit, [change, *others])
    data = {
        "change": change,
        "others": others,
        "has_more_of_revision": same["has_more"],
        "previous": _neighbour(visit, after_id=number),
        "next": _neighbour(visit, before_id=number),
        "revert": offer(visit, change["kind"], change, str(change["revision"] - 1)),
    }
    return Page("change.html", data, f"Change {change['number']}")


def _neighbour(visit: Visit, **cursor: str) -> int | None:
    found = visit.calls.read("listChanges", limit=1, **cursor)["data"]
    return found[0]["number"] if found else None


def _revert(visit: Visit) -> Outcome:
    return reverted(visit, visit.url("changes", visit.ids["number"]))


CHANGES: Final = (
    Route(path="/changes", show=_list),
    Route(path="/changes/{number}", show=_show, submit=_revert),
)
