"""``/console/welcome``: the first steps of an installation, to which ``/console`` leads until they are done."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from callsheet.http.console.buttons import unknown_button
from callsheet.http.console.change import Change
from callsheet.http.console.routes import Route
from callsheet.http.console.snippets import snippets
from callsheet.http.console.visit import Outcome, Page, Redirect, Review, Visit

_BUILTIN: Final = "builtin"

#: The newest keys, among which one that was used is looked for.
_LOOKED_AT_KEYS: Final = 20


class _Setup(NamedTuple):
    """How far an installation is.

    Parameters
    ----------
    listed, first
        How many models are listed, and the id of the first.
    key
        The newest key that works; None if there is none.
    is_used
        Whether one of the newest keys was used.
    needs_key
        Whether clients need one that was made here.
    """

    listed: int
    first: str | None
    key: Mapping[str, Any] | None
    is_used: bool
    needs_key: bool

    @property
    def is_done(self) -> bool:
        """Whether a client can get a list that is not empty."""
        return self.listed > 0 and (self.key is not None or not self.needs_key)


def _setup(visit: Visit) -> _Setup:
    state = visit.calls.state
    asked = {"rules": [{"allow": ["*"], "deny": []}], "in_order": True, "limit": 1}
    seen = visit.calls.ask("lookThroughRules", {}, asked)["data"][0]
    keys = visit.calls.read("listKeyRecords", limit=_LOOKED_AT_KEYS, status="active")["data"]
    return _Setup(
        seen["listed"],
        next(iter(seen["visible"]), None),
        next(iter(keys), None),
        any(key["last_used_at"] for key in keys),
        not state.options.any_key and state.delegation is None,
    )


def _home(visit: Visit) -> Redirect:
    return Redirect(visit.url("models" if _setup(visit).is_done else "welcome"))


def _show(visit: Visit) -> Page:
    setup = _setup(visit)
    sources = visit.calls.read("listSources")["data"]
    workspaces = visit.calls.read("listWorkspaces", limit=2)  # without the default one
    data = {
        "listed": setup.listed,
        "builtin": setup.first is not None and _is_builtin(visit, setup.first),
        "sources": len(sources),
        "workspaces": len(workspaces["data"]),
        "key": setup.key,
        "is_used": setup.is_used,
        "records_uses": visit.calls.state.has_admin_keys,
        "needs_key": setup.needs_key,
        "is_done": setup.is_done,
        "base_url": visit.base_url,
        "snippets": snippets(visit.base_url),
    }
    return Page("welcome.html", data, "Welcome")


def _is_builtin(visit: Visit, model_id: str) -> bool:
    """Whether a model is in the catalogue because Callsheet brings it along."""
    said = visit.calls.read("retrieveCatalogModel", {"model": model_id})["provenance"]
    return any(claim["manager"] == _BUILTIN for claims in said.values() for claim in claims)


def _submit(visit: Visit) -> Outcome:
    action = visit.form.raw("action") or ""
    if action != _BUILTIN:
        raise unknown_button(action)
    change = Change("setBuiltinMode", {}, {"mode": "list"})
    return Review(change, visit.url("welcome"), "List the built-in models")


WELCOME: Final = (
    Route(path="", show=_home),
    Route(path="/welcome", show=_show, submit=_submit),
)
