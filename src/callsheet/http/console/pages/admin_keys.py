"""``/console/admin-keys``: who administers by program, and the session of who looks at it."""

from typing import Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.access.session import MAX_SESSION, Means
from callsheet.domain.times import format_instant
from callsheet.http.console.buttons import unknown_button
from callsheet.http.console.change import Change
from callsheet.http.console.pages.paging import NOTHING, cursors_in, ends_of
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit

_LIMIT: Final = 50


def _show(visit: Visit) -> Page:
    session, found = visit.session, NOTHING
    if visit.can(Scope.ALL):
        found = visit.calls.read("listAdminKeys", limit=_LIMIT, **cursors_in(visit))
    example = _archival("ID")
    data = {
        "session": {
            "name": session.name,
            "actor": session.actor,
            "scopes": [str(each) for each in session.scopes],
            "since": format_instant(session.created_at),
            "until": format_instant(session.created_at + MAX_SESSION),
            "admin_key_id": session.admin_key_id,
            "by_proxy": session.means is Means.PROXY,
        },
        "admin_keys": found["data"],
        "page": ends_of(found),
        "query": dict(visit.query),
        "archive": example.shown(),
    }
    return Page("admin_keys.html", data, "Admin keys")


def _submit(visit: Visit) -> Outcome:
    action, key_id = visit.form.raw("action") or "", visit.form.raw("admin_key") or ""
    if action != "archive":
        raise unknown_button(action)
    name = visit.calls.read("getAdminKey", {"admin_key_id": key_id})["name"]
    return Review(_archival(key_id), visit.url("admin-keys"), f"Archive the admin key {name} permanently")


def _archival(key_id: str) -> Change:
    return Change("archiveAdminKey", {"admin_key_id": key_id})


ADMIN_KEYS: Final = (Route(path="/admin-keys", show=_show, submit=_submit),)
