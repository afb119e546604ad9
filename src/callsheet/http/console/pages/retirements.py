"""``/console/retirements``: which models retire, when, and for whom; the form that plans it, and calendars."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.model import Lifecycle, RetirementPrecision
from callsheet.domain.times import parse_instant
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.asked import as_command
from callsheet.http.console.change import Change
from callsheet.http.console.commands import options
from callsheet.http.console.forms import FieldError, Form, day_of, value_of
from callsheet.http.console.pages.model_values import note_invalid
from callsheet.http.console.pages.moments import put_error
from callsheet.http.console.pages.paging import cursors_in
from callsheet.http.console.pages.workspace_choices import choices
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit

#: Retirements of a page.
_LIMIT: Final = 50

_FIELDS: Final = ("within", "state", "workspace", "key")
_STATES: Final = ("pending", "overdue", "all")
_PERIODS: Final = ("30d", "90d", "180d", "365d")

#: How the call names a field of the page.
_CALLED: Final = {"within": "within_days"}

_NOTHING: Final[Mapping[str, Any]] = {"data": [], "for": None, "refusal": None}


def _list(visit: Visit) -> Page:
    query = {name: visit.query[name].strip() for name in _FIELDS if visit.query.get(name, "").strip()}
    visit.form.fill({name: query.get(name, "") for name in _FIELDS})
    found = _found(visit, query)
    shown, page = _cut(found["data"], visit.query.get("after_id"), visit.query.get("before_id"))
    data = {
        "groups": [{"title": title, "retirements": each} for title, each in _by_month(shown)],
        "counts": _counts(found["data"]),
        "soon": _within_a_year(found["data"]),
        "page": page,
        "query": {**query, **cursors_in(visit)},
        "for": found["for"],
        "refusal": found["refusal"],
        "workspaces": choices(visit),
        "colors": dict(visit.colors),
        "periods": _PERIODS,
        "states": _STATES,
        "as_command": _as_command(query),
    }
    return Page("retirements.html", data, "Retirements", status=400 if visit.form.errors else 200)


def _found(visit: Visit, query: Mapping[str, str]) -> Mapping[str, Any]:
    try:
        asked = {_CALLED.get(name, name): value for name, value in query.items()}
        if "within" in query:
            asked["within_days"] = str(_days(query["within"]))
        return visit.calls.read("listRetirements", **asked)
    except FieldError as error:
        visit.form.errors[error.field] = error.message
    except AdminError as error:
        put_error(visit.form, error, *_FIELDS)
    return _NOTHING


def _days(text: str) -> int:
    digits = text.removesuffix("d").strip()
    if digits.isascii() and digits.isdecimal() and len(digits) <= 5 and int(digits) <= 36_500:
        return int(digits)
    raise FieldError("within", f"Type a number of days, such as 90d, not {text[:20]!r}.")


def _cut(
    found: Sequence[Mapping[str, Any]], after: str | None, before: str | None
) -> tuple[Sequence[Mapping[str, Any]], dict[str, Any]]:
    """A page of the retirements, by id of the one before or after it; one that is gone begins with the first."""
    places = {each["id"]: place for place, each in enumerate(found)}
    if before in places and after is None:
        stop = places[before]
        start = max(0, stop - _LIMIT)
        has_more = start > 0
    else:
        start = places.get(after or "", -1) + 1
        stop = min(len(found), start + _LIMIT)
        has_more = stop < len(found)
    shown = found[start:stop]
    first, last = (shown[0]["id"], shown[-1]["id"]) if shown else (None, None)
    return shown, {"has_more": has_more, "first_id": first, "last_id": last}


def _by_month(found: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The retirements in groups: what is overdue, then month by month, and what is done."""
    groups: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for each in found:
        groups.setdefault(_group(each), []).append(each)
    for (_, title), some in sorted(groups.items(), key=lambda item: item[0][0]):
        yield title, some


def _group(each: Mapping[str, Any]) -> tuple[int, str]:
    """The group of a retirement: its place among the groups, which come by date, and its title."""
    if each["state"] == "retired":
        return 1_000_000, "Retired"
    if each["state"] == "overdue":
        return 0, "Overdue"
    at = parse_instant(each["retires_at"])
    return at.year * 12 + at.month, f"{at:%B} {at.year}"


def _counts(found: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counts = {"overdue": 0, "upcoming": 0, "retired": 0}
    for each in found:
        counts[each["state"]] += 1
    return {**counts, "left_without_line": sum(bool(each["left_without_line"]) for each in found)}


def _within_a_year(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The days within a year on which something retires, and how many models do."""
    days: dict[int, int] = {}
    for each in found:
        if each["state"] != "retired" and each["days_left"] is not None and each["days_left"] <= 365:
            day = max(each["days_left"], 0) if each["state"] != "overdue" else -1
            days[day] = days.get(day, 0) + 1
    return [{"days_left": day, "models": count} for day, count in sorted(days.items())]


def _as_command(query: Mapping[str, str]) -> dict[str, str]:
    """How the same is asked without the console."""
    words = ["retirements", *options(query, "state")]
    words += {"overdue": ["--overdue"], "all": ["--retired"]}.get(query.get("state", ""), [])
    asked = {
        _CALLED.get(name, name): value.removesuffix("d") if name == "within" else value
        for name, value in query.items()
    }
    return as_command(words, "listRetirements", asked)


def _act(visit: Visit) -> Outcome:
    """Show the plan of a small button of the list."""
    model = visit.form.raw("model") or ""
    if visit.form.raw("action") != "retire" or not model:
        raise AdminError(Code.INVALID_REQUEST, "This page has no such button; open it again.")
    query = {name: visit.query[name] for name in _FIELDS if name in visit.query}
    back = visit.url("retirements", **query)
    return Review(Change("retireCatalogModel", {"model": model}), back, f"Retire {model}")


#: Fields of the form that plans a retirement.
_PLANNED: Final = ("retires_at", "retirement_precision", "retires_itself", "replacement")


def _form(visit: Visit) -> Page:
    model = visit.calls.read("retrieveCatalogModel", {"model": visit.ids["model"]})
    initial = {name: value_of(model[name]) for name in _PLANNED}
    initial["retires_at"] = day_of(model["retires_at"])
    visit.form.fill(initial)
    known = {name: model[name] for name in ("id", "display_name", "lifecycle", "deprecated_at", *_PLANNED)}
    data = {"model": known, "precisions": list(RetirementPrecision), "back": visit.query.get("back")}
    return Page("retirement_form.html", data, f"Retirement of {model['display_name']}")


def _plan(visit: Visit) -> Outcome:
    model_id = visit.ids["model"]
    model = visit.calls.read("retrieveCatalogModel", {"model": model_id})
    lifecycle = model["lifecycle"]
    if lifecycle == Lifecycle.RETIRED:
        raise AdminError(Code.CONFLICT, f"{model['id']} is retired; take that back on its page first.")
    body = _body(visit.form, is_new=lifecycle == Lifecycle.ACTIVE)
    operation = "deprecateCatalogModel" if lifecycle == Lifecycle.ACTIVE else "updateCatalogModel"
    back = visit.url("models", model["id"]) if visit.query.get("back") == "model" else visit.url("retirements")
    return Review(Change(operation, {"model": model["id"]}, body), back, f"Plan the retirement of {model['id']}")


def _body(form: Form, *, is_new: bool) -> dict[str, Any]:
    """What of the form is said of a model: of one that is active, all that is filled in; else what was changed."""
    names = [name for name in _PLANNED if (form.value(name) if is_new else name in form.changed())]
    values = {name: form.value(name) for name in names}
    body = {name: value if value or isinstance(value, bool) else None for name, value in values.items()}
    note_invalid(form, body)
    return body


RETIREMENTS: Final = (
    Route(path="/retirements", show=_list, submit=_act),
    Route(path="/retirements/models/{model}", show=_form, submit=_plan, scope=Scope.CATALOG),
)
