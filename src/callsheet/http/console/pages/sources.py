"""``/console/sources``: every source, and what the built-in models are for."""

from typing import Final

from callsheet.http.console.buttons import unknown_button
from callsheet.http.console.change import Change
from callsheet.http.console.pages.source import page_of, without_claims
from callsheet.http.console.routes import Route
from callsheet.http.console.visit import Outcome, Page, Review, Visit

_MODES: Final = {"list": "List the built-in models", "inform": "Let the built-in models lend facts only"}


def _list(visit: Visit) -> Page:
    mode = visit.calls.read("getBuiltinMode")["mode"]
    change = _mode_change("inform" if mode == "list" else "list")
    sources = visit.calls.read("listSources")["data"]
    return Page(
        "sources.html",
        {
            "sources": [without_claims(each) for each in sources],
            "pages": {each["name"]: page_of(visit, each["name"]) for each in sources},
            "builtin": mode,
            "commands": {"builtin": change.shown()},
        },
        "Sources",
    )


def _let_builtin(visit: Visit) -> Outcome:
    mode = visit.form.text("mode")
    if mode not in _MODES:
        raise unknown_button(mode)
    return Review(_mode_change(mode), visit.url("sources"), _MODES[mode])


def _mode_change(mode: str) -> Change:
    return Change("setBuiltinMode", {}, {"mode": mode})


SOURCES: Final = (Route(path="/sources", show=_list, submit=_let_builtin),)
