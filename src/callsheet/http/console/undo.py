"""Undo: the change that takes another one back."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.http.console.change import Change

_OPPOSITES: Final = {
    "disableKeyRecord": "enableKeyRecord",
    "enableKeyRecord": "disableKeyRecord",
    "pauseSource": "resumeSource",
    "resumeSource": "pauseSource",
}

_OF_CATALOG: Final = frozenset({"model", "alias"})

#: Things that one change may name, so that its address stays short.
_MAX_NAMED: Final = 20


def undo_of(change: Change, plan: Mapping[str, Any], revision: int) -> Change | None:
    """Return what takes ``change`` back.

    Parameters
    ----------
    change, plan
        What was made, and what that came to.
    revision
        The revision that it led to.

    Returns
    -------
    Change or None
        None if it cannot be taken back.
    """
    opposite = _OPPOSITES.get(change.operation)
    if opposite is not None:
        return Change(opposite, change.ids)
    steps = plan["steps"]
    kinds = {step["kind"] for step in steps}
    before = str(revision - 1)
    if kinds and kinds <= _OF_CATALOG:
        models = sorted({_model_of(step) for step in steps})
        return Change("revertCatalog", {}, {"to": before, "models": models}) if len(models) <= _MAX_NAMED else None
    if kinds == {"workspace"} and all(step["before"] is not None for step in steps):
        names = sorted(step["subject"] for step in steps)
        return Change("revertWorkspaces", {}, {"to": before, "workspaces": names[:_MAX_NAMED]})
    return None


def _model_of(step: Mapping[str, Any]) -> str:
    if step["kind"] == "model":
        return str(step["subject"])
    alias = step["after"] or step["before"] or {}
    return str(alias.get("model_id", step["subject"]))
