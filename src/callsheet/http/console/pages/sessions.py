"""``/console/admin-keys/sessions``: who is signed in, and the buttons that end that."""

from typing import Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.session import Means
from callsheet.http.console.buttons import unknown_button
from callsheet.http.console.change import Change
from callsheet.http.console.pages.paging import cursors_in, ends_of
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Redirect, Visit

_LIMIT: Final = 50


def _show(visit: Visit) -> Page:
    found = visit.calls.read("listSessions", limit=_LIMIT, **cursors_in(visit))
    data = {
        "own": visit.session.id,
        "sessions": [{**each, "means": Means(each["signed_in_by"]).words} for each in found["data"]],
        "page": ends_of(found),
        "query": dict(visit.query),
        "end": Change("endSession", {"session": "ID"}).shown(),
        "end_all": Change("endSessions").shown(),
    }
    return Page("sessions.html", data, "Sessions")


def _submit(visit: Visit) -> Outcome:
    """End one session, or all; no plan is shown first, as nothing that is served changes."""
    action = visit.form.raw("action") or ""
    if action == "end":
        visit.calls.ask("endSession", {"session": visit.form.raw("session") or ""}, {})
    elif action == "end-all":
        visit.calls.ask("endSessions", {}, {})
    else:
        raise unknown_button(action)
    return Redirect(visit.url("admin-keys", "sessions"))


SESSIONS: Final = (Route(path="/admin-keys/sessions", show=_show, submit=_submit, scope=Scope.ALL),)
