"""``/console/sources/NAME``: one source, what of it waits for a person, and the buttons on its page."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.plan.governed import Governed
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.buttons import unknown_button
from callsheet.http.console.change import Change
from callsheet.http.console.long_calls import StillRunningError
from callsheet.http.console.pages.histories import history_of
from callsheet.http.console.pages.source_words import in_words
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Redirect, Review, Visit

#: Models that the page names.
_SHOWN_MODELS: Final = 20

#: What may wait, and what the catalogue may hold, for the page to show by itself what accepting would change, and
#: what rules let be seen: both take longer, the more there is.
MAX_PLANNED_CLAIMS: Final = 1_000
MAX_PLANNED_MODELS: Final = 50_000

#: What the buttons of the page do: the call, and the verb of its plan.
ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "accept": ("acceptSource", "Accept the list of"),
    "reject": ("rejectSource", "Reject the list of"),
    "pause": ("pauseSource", "Pause"),
    "resume": ("resumeSource", "Resume"),
    "forget": ("forgetSource", "Forget the keys of"),
    "remove": ("removeSource", "Remove"),
}

_SHOWN: Final = {"sync": "syncSource", "plan": "planSource", **{name: call for name, (call, _) in ACTIONS.items()}}

#: What the page says first after a run, by how that ended.
_RAN: Final = {
    "applied": ("good", "Its list was fetched and applied."),
    "unchanged": ("good", "Its list was fetched, and nothing has changed."),
    "failed": ("bad", "The source could not be read. Its last good list stays."),
    "quarantined": ("warn", "The source was asked, and its list waits for a person."),
    "busy": ("info", "The source is being asked by another server at the moment; look again in a while."),
    "late": (
        "warn",
        "The source takes long to answer. The run goes on without this page; look again later to see how it ends.",
    ),
}


def page_of(visit: Visit, name: str, **query: str) -> str:
    """Return the address of the page of a source; of one called ``new``, not that of the form for a new one."""
    location = visit.url("sources", name, **query)
    return location.replace("/sources/new", "/sources/n%65w", 1) if name == "new" else location


def _show(visit: Visit, preview: Mapping[str, Any] | None = None) -> Page:
    calls, ids = visit.calls, {"source": visit.ids["source"]}
    source = calls.read("getSource", ids)
    name = source["name"]
    changes = history_of(visit, "source", name)["changes"]
    return Page(
        "source.html",
        {
            "source": without_claims(source),
            "words": in_words(source["config"], {each.id: each.name for each in calls.state.workspaces.values()}),
            "waiting": _waiting(visit, source),
            "preview": preview,
            "governed": _governed(visit, source),
            "changes": [each for each in changes if each["kind"] == "source"],
            "commands": {each: Change(call, {"source": name}).shown() for each, call in _SHOWN.items()},
            "builtin": calls.read("getBuiltinMode")["mode"],
            "has_ceased": visit.query.get("ceased") == "yes",
            "ran": _RAN.get(visit.query.get("ran", "")),
        },
        name,
    )


def without_claims(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return a source without what its list says once it is accepted, which may be a great deal."""
    pending = source["pending"]
    shown = None if pending is None else {name: each for name, each in pending.items() if name != "claims"}
    return {**source, "pending": shown}


def _waiting(visit: Visit, source: Mapping[str, Any]) -> dict[str, Any] | None:
    """What waits for a person, with its plan, unless that is too large, or not for the eyes of the visitor."""
    pending = source["pending"]
    if pending is None:
        return None
    claims = pending["claims"]
    is_planned = visit.can("catalog") and len(claims) <= MAX_PLANNED_CLAIMS and _is_small(visit)
    plan = visit.calls.rehearse(Change("acceptSource", {"source": source["name"]})) if is_planned else None
    return {
        "sentence": pending["sentence"],
        "since": pending["since"],
        "reasons": pending["reasons"],
        "claims": len(claims),
        "ids": [each["subject"] for each in claims[:_SHOWN_MODELS]],
        "plan": plan,
    }


def _governed(visit: Visit, source: Mapping[str, Any]) -> str | None:
    """What rules let the keys see that the source is asked about, if rules decide that."""
    if not source["config"].get("asks_keys") or not _is_small(visit):
        return None
    counts = visit.calls.read("getGoverned", {"source": source["name"]})["governed"]
    return None if counts is None else Governed(**counts).sentence(source["name"])


def _is_small(visit: Visit) -> bool:
    return len(visit.calls.state.catalog) <= MAX_PLANNED_MODELS


def act(visit: Visit, action: str) -> Outcome:
    """Return the plan of what a button of the page does; AdminError if there is no such button."""
    if action not in ACTIONS:
        raise unknown_button(action)
    name = visit.ids["source"]
    operation, verb = ACTIONS[action]
    back = visit.url("sources") if action == "remove" else page_of(visit, name)
    return Review(Change(operation, {"source": name}), back, f"{verb} {name}")


def _run(visit: Visit) -> Outcome:
    """Run the source, and come back to its page."""
    name = visit.ids["source"]
    try:
        report = visit.calls.wait("syncSource", {"source": name}, {})
    except StillRunningError:
        return Redirect(page_of(visit, name, ran="late"))
    outcome = report["outcome"]
    if outcome == "failed" and visit.calls.read("getSource", {"source": name})["last_error"] is None:
        raise AdminError(Code.CONFLICT, report["sentence"] or "The source could not be run; try again.")
    ceased = {"ceased": "yes"} if report["informs"] else {}
    return Redirect(page_of(visit, name, ran=outcome or "busy", **ceased))


def _preview(visit: Visit) -> Page:
    """Show what a run would change now; nothing is written."""
    ids = {"source": visit.ids["source"]}
    try:
        answer = visit.calls.wait("planSource", ids, {})
    except StillRunningError:
        raise AdminError(
            Code.SOURCE,
            f"The source {ids['source']} takes longer to answer than {visit.calls.long.timeout_seconds:g} s; run "
            "it, and check later how it ended.",
        ) from None
    return _show(visit, None if answer["waits"] else answer["plan"])


SOURCE: Final = (
    Route(path="/sources/{source}", show=_show),
    Route(path="/sources/{source}/preview", submit=_preview, scope=Scope.CATALOG, is_long=True),
    Route(path="/sources/{source}/run", submit=_run, scope=Scope.CATALOG, is_long=True),
)
