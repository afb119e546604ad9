"""Titles of the changes that an explanation proposes, as people would ask for them."""

from collections.abc import Mapping
from typing import Any, Final

from callsheet.http.console.visit import Visit
from callsheet.service.explain.fixes import RemedyKind

#: What a proposed change does; braces hold what it is about.
_TITLES: Final[Mapping[RemedyKind, str]] = {
    RemedyKind.ENABLE_KEY: "Enable the key {key}",
    RemedyKind.RENEW_KEY: "Let the key {key} never expire",
    RemedyKind.MOVE_KEY: "Move the key {key} to {target_workspace}",
    RemedyKind.RELEASE: "Release {subject} from what people said of it",
    RemedyKind.ADD: "Add {subject}",
    RemedyKind.ALIAS: "Let {subject} mean {target}",
    RemedyKind.UNHIDE: "Unhide {subject}",
    RemedyKind.ACTIVATE: "Make {subject} active again",
    RemedyKind.CHANGE_RULES: "Let {workspace} see {model}",
}


def remedy_title(visit: Visit, explained: Mapping[str, Any], remedy: Mapping[str, Any]) -> str:
    """Return what a change does that is proposed so that a model is seen.

    Parameters
    ----------
    visit
        Whose page it is on.
    explained
        The answer that proposes it: with the ``name`` of the model, and for whom.
    remedy
        The change, with ``kind``, ``subject`` and ``target``.

    Returns
    -------
    str
        Such as ``Let Interns see claude-opus-5-5``.
    """
    subject, target = remedy["subject"], remedy["target"]
    key = explained["for"]["key"]
    return _TITLES[RemedyKind(remedy["kind"])].format(
        subject=subject,
        target=target,
        model=explained["name"],
        key=subject if key is None else key["name"],
        workspace=_workspace_name(visit, subject),
        target_workspace=_workspace_name(visit, target),
    )


def _workspace_name(visit: Visit, workspace_id: str) -> str:
    found = visit.calls.state.workspaces.get(workspace_id)
    return workspace_id if found is None else found.name
