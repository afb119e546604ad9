"""``/console/changes/at``: the catalogue as it was, or will be, at a moment, with a slider; and one model of it."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.edits import edits_of, with_edits
from callsheet.http.console.forms import FieldError
from callsheet.http.console.pages.moments import DAYS_AHEAD, MAX_DAYS_BACK, day_at, days_back, offset_of, put_error
from callsheet.http.console.pages.paging import cursors_in, ends_of
from callsheet.http.console.pages.reverting import offer, reverted
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Visit

_LIMIT: Final = 50

#: What dates bring about until a moment to come, at most.
_MAX_SHOWN_TURNS: Final = 50

_MONTH_AGO: Final = "30d"

#: What an answer about a model has beside what is known of the model.
_BESIDE: Final = ("type", "as_of", "provenance", "clients")


def _show(visit: Visit) -> Page:
    visit.form.fill({"as_of": visit.query.get("as_of", "").strip()})
    try:
        as_of = visit.query.get("as_of", "").strip() or day_at(visit.now, _days(visit))
        moment, found = _listed(visit, as_of)
    except FieldError as error:
        visit.form.errors["as_of"] = error.message
    except AdminError as error:
        put_error(visit.form, error, "as_of")
    if visit.form.errors:
        as_of, (moment, found) = "now", _listed(visit, "now")
    data = {
        "moment": moment,
        "as_of": None,  # the frame would say it a second time
        "at": as_of,
        "offset": offset_of(moment, visit.now),
        "slider": {"min": -days_back(visit), "max": DAYS_AHEAD},
        "models": found["data"],
        "page": ends_of(found),
        "query": _query(visit, as_of),
        "turns": _turns(visit, as_of) if moment["is_future"] else None,
    }
    title = "Catalogue now" if as_of == "now" else f"Catalogue on {moment['at'][:10]}"
    return Page("past.html", data, title, status=400 if visit.form.errors else 200)


def _days(visit: Visit) -> int:
    """How many days from today the slider is; 0 if it was not moved."""
    text = visit.query.get("days", "").strip() or "0"
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and len(digits) <= 4 and -MAX_DAYS_BACK <= int(text) <= DAYS_AHEAD:
        return int(text)
    raise FieldError(
        "as_of", f"The slider goes from {-MAX_DAYS_BACK:,} to {DAYS_AHEAD} days, not to {text[:20]!r}."
    )


def _listed(visit: Visit, as_of: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The moment, and a page of the models that it lists."""
    cursors = cursors_in(visit)
    if as_of == "now":
        found = visit.calls.read("listCatalogModels", limit=_LIMIT, **cursors)
        return visit.calls.read("locateMoment", as_of=as_of), found
    found = visit.calls.read("listCatalogModels", limit=_LIMIT, as_of=as_of, **cursors)
    return found["as_of"], found


def _query(visit: Visit, as_of: str) -> dict[str, str]:
    cursors = cursors_in(visit)
    return {**({} if as_of == "now" else {"as_of": as_of}), **cursors}


def _turns(visit: Visit, as_of: str) -> dict[str, Any]:
    """What dates alone will bring about until a moment to come."""
    sides = {"from": "now", "to": as_of}
    found = visit.calls.read("compareMoments", limit=_MAX_SHOWN_TURNS, **sides)
    return {
        "differences": [with_edits(each, visit.workspace_names) for each in found["differences"]],
        "has_more": found["has_more"],
    }


def _model(visit: Visit) -> Page:
    name = visit.ids["model"]
    as_of = visit.query.get("as_of", "").strip() or _earlier(visit, name)
    moment = visit.calls.read("locateMoment", as_of=as_of)
    then, now = _known(visit, name, as_of), _known(visit, name, None)
    if then is None and now is None:
        raise AdminError(Code.DOES_NOT_EXIST, f"There is no model {name!r}, and there was none at that moment.")
    record = {"subject": (then or now or {})["id"], "before": then, "after": now}
    is_past = not moment["is_future"]
    data = {
        "model": record["subject"],
        "moment": moment,
        "at": as_of,
        "is_there": {"then": then is not None, "now": now is not None},
        "edits": edits_of(then, now) if is_past else edits_of(now, then),
        "revert": offer(visit, "model", record, str(moment["revision"])) if is_past else None,
    }
    return Page("past_model.html", data, f"{record['subject']} on {moment['at'][:10]}")


def _earlier(visit: Visit, name: str) -> str:
    """The moment to compare a model with: a month ago, or the revision that added it if that is later."""
    try:
        was_there = _known(visit, name, _MONTH_AGO) is not None
    except AdminError as error:
        if error.code is not Code.INVALID:
            raise
        was_there = False  # the records begin later
    if was_there:
        return _MONTH_AGO
    try:
        first = visit.calls.read("listChanges", subject=name, before_id="0", limit=1)["data"]
    except AdminError as error:
        if error.code is not Code.DOES_NOT_EXIST:
            raise
        first = visit.calls.read("listChanges", before_id="0", limit=1)["data"]
    return str(first[0]["revision"]) if first else "now"


def _known(visit: Visit, name: str, as_of: str | None) -> dict[str, Any] | None:
    """What is known of a model at a moment; None if it is not there."""
    try:
        found = visit.calls.read("retrieveCatalogModel", {"model": name}, as_of=as_of)
    except AdminError as error:
        if error.code is Code.DOES_NOT_EXIST:
            return None
        raise
    return {member: value for member, value in found.items() if member not in _BESIDE}


def _revert(visit: Visit) -> Outcome:
    as_of = visit.query.get("as_of", "")
    return reverted(visit, visit.url("changes", "at", visit.ids["model"], as_of=as_of))


PAST: Final = (
    Route(path="/changes/at", show=_show),
    Route(path="/changes/at/{model}", show=_model, submit=_revert),
)
