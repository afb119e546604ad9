"""Undo: the change that takes another one back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from callsheet.http.console.change import Change
from callsheet.service.sync.config import DEFAULTS

_OPPOSITES: Final = {
    "disableKeyRecord": "enableKeyRecord",
    "enableKeyRecord": "disableKeyRecord",
    "pauseSource": "resumeSource",
    "resumeSource": "pauseSource",
}

Steps: TypeAlias = Sequence[Mapping[str, Any]]

_OF_CATALOG: Final = frozenset({"model", "alias"})

#: Things that one change may name, so that its address stays short.
_MAX_NAMED: Final = 20
_MAX_CHARACTERS: Final = 1500


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
    of_sources = _OF_SOURCES.get(change.operation)
    if of_sources is not None:
        return of_sources(change, steps)
    kinds = {step["kind"] for step in steps}
    before = str(revision - 1)
    if kinds and kinds <= _OF_CATALOG:
        models = sorted({_model_of(step) for step in steps})
        return Change("revertCatalog", {}, {"to": before, "models": models}) if len(models) <= _MAX_NAMED else None
    if kinds == {"workspace"} and all(step["action"] == "change" for step in steps):
        names = sorted(step["subject"] for step in steps)
        return (
            Change("revertWorkspaces", {}, {"to": before, "workspaces": names})
            if len(names) <= _MAX_NAMED
            else None
        )
    return None


def _undo_added(change: Change, _steps: Steps) -> Change:
    return Change("removeSource", {"source": change.body["name"]})


def _undo_changed(change: Change, steps: Steps) -> Change | None:
    """What sets the members of a source's configuration back; where its secret is can be set on the host only."""
    name = change.ids["source"]
    step = next((each for each in steps if each["kind"] == "source" and each["subject"] == name), None)
    if step is None or change.body.get("before") is not None or "secret" in change.body.get("config", {}):
        return None
    before, after = step["before"]["config"], step["after"]["config"]
    members = [each for each in {**before, **after} if before.get(each) != after.get(each)]
    config = {each: before.get(each, DEFAULTS.get(each)) for each in members}
    undo = Change("updateSource", change.ids, {"config": config})
    return undo if len(undo.dump()) <= _MAX_CHARACTERS else None


def _undo_mode(change: Change, _steps: Steps) -> Change:
    return Change("setBuiltinMode", {}, {"mode": "inform" if change.body["mode"] == "list" else "list"})


_OF_SOURCES: Final[Mapping[str, Callable[[Change, Steps], Change | None]]] = {
    "createSource": _undo_added,
    "updateSource": _undo_changed,
    "setBuiltinMode": _undo_mode,
}


def _model_of(step: Mapping[str, Any]) -> str:
    if step["kind"] == "model":
        return str(step["subject"])
    alias = step["after"] or step["before"] or {}
    return str(alias.get("model_id", step["subject"]))
