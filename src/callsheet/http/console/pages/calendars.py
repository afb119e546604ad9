"""``/console/retirements/calendars``: addresses that calendar programs subscribe to."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.change import Change
from callsheet.http.console.forms import FieldError
from callsheet.http.console.pages.workspace_choices import choices
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit
from callsheet.http.paths import CALENDARS as CALENDARS_PATH


def _list(visit: Visit) -> Page:
    visit.form.fill({"name": "", "workspace": ""})
    names = {each.id: each.name for each in visit.calls.state.workspaces.values()}
    calendars = [
        {**each, "url": _url(visit, each), "workspace": names.get(each["workspace_id"], each["workspace_id"])}
        for each in visit.calls.read("listCalendars")["data"]
    ]
    create = Change("createCalendar", {}, {"name": "NAME"})
    data = {
        "calendars": calendars,
        "workspaces": choices(visit),
        "colors": dict(visit.colors),
        "create": create.shown(),
    }
    return Page("calendars.html", data, "Calendars")


def _url(visit: Visit, calendar: Mapping[str, Any]) -> str:
    """Where calendar programs find it, with as much of its token as is known."""
    return f"{visit.base_url}{CALENDARS_PATH}{calendar['partial_token_hint']}.ics"


def _submit(visit: Visit) -> Outcome:
    back = visit.url("retirements", "calendars")
    revoked = visit.form.raw("revoke")
    if revoked is not None:
        return Review(
            Change("revokeCalendar", {"calendar": revoked}), back, f"Revoke the calendar {_name(visit, revoked)}"
        )
    name, workspace = visit.form.text("name"), visit.form.text("workspace")
    if not name:
        raise FieldError("name", "Type a name, such as that of the team.")
    body = {"name": name, **({"workspace": workspace} if workspace else {})}
    return Review(Change("createCalendar", {}, body), back, f"Create the calendar {name}")


def _name(visit: Visit, calendar: str) -> str:
    found = visit.calls.read("listCalendars")["data"]
    for each in found:
        if each["id"] == calendar:
            return str(each["name"])
    raise AdminError(Code.DOES_NOT_EXIST, f"There is no calendar {calendar!r}.")


CALENDARS: Final = (Route(path="/retirements/calendars", show=_list, submit=_submit),)
