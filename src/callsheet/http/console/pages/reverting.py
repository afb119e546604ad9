"""Reverting: making something what it was at an earlier moment, by a new change."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.changes.change import Subject
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.console.change import Change
from callsheet.http.console.visit import Outcome, Review, Visit

_OF_CATALOG: Final = (Subject.MODEL, Subject.ALIAS, Subject.CLAIM)

_NOT: Final = "Only models, aliases, and the names and rules of workspaces can be reverted this way."
_FIRST: Final = "This is among the first recorded changes, so nothing is known of the time before it."
_NEW_WORKSPACE: Final = "The workspace was not there before; archive it on its page instead."


def offer(visit: Visit, kind: str, record: Mapping[str, Any], to: str) -> dict[str, Any]:
    """Return the button that brings back what a change record or a difference is of, as far as there is one.

    Parameters
    ----------
    visit
        Whose page it is on.
    kind
        Of the thing.
    record
        With ``subject``, ``before`` and ``after``.
    to
        The moment: the number of a revision.

    Returns
    -------
    dict
        ``fields`` of the form that leads to the plan, ``scope`` that it needs, ``command`` and ``call``; or ``why``
        there is none.
    """
    change = _change(kind, str(record["subject"]), record, to)
    if isinstance(change, str):
        return {"fields": None, "why": change}
    scope = Scope.CATALOG if change.operation == "revertCatalog" else Scope.KEYS
    fields = {"kind": kind, "subject": _named(change), "to": to}
    return {
        "fields": fields,
        "scope": scope,
        "can": visit.can(scope),
        **change.shown(),
    }


def reverted(visit: Visit, back: str) -> Outcome:
    """Return the plan that the button of `offer` leads to; AdminError if the form is not one of it."""
    kind, subject, to = (visit.form.raw(name) or "" for name in ("kind", "subject", "to"))
    if not subject or not to:
        raise AdminError(Code.INVALID_REQUEST, "The form does not name what to revert; use the button on the page.")
    if kind == Subject.WORKSPACE:
        change = Change("revertWorkspaces", {}, {"to": to, "workspaces": [subject]})
    elif kind in _OF_CATALOG:
        change = Change("revertCatalog", {}, {"to": to, "models": [subject]})
    else:
        raise AdminError(Code.INVALID_REQUEST, _NOT)
    moment = f"revision {to}" if to.isdecimal() else to
    return Review(change, back, f"Make {subject} what it was at {moment}")


def _change(kind: str, subject: str, record: Mapping[str, Any], to: str) -> Change | str:
    """The change that brings it back, or why there is none."""
    if to == "0":
        return _FIRST
    if kind == Subject.WORKSPACE:
        is_new = record["before"] is None
        return _NEW_WORKSPACE if is_new else Change("revertWorkspaces", {}, {"to": to, "workspaces": [subject]})
    if kind not in _OF_CATALOG:
        return _NOT
    known = record["before"] or record["after"] or {}
    model = str(known.get("model_id", subject)) if kind == Subject.ALIAS else subject
    return Change("revertCatalog", {}, {"to": to, "models": [model]})


def _named(change: Change) -> str:
    (name,) = change.body.get("models") or change.body["workspaces"]
    return str(name)
