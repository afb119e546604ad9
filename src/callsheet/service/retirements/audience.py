"""Audience: the workspaces by their rules, and how many keys that work see by each."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from callsheet.api.state import State
from callsheet.domain.access.visibility import PatternMatches, Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.service.key_counts import count_working_keys


class Group(NamedTuple):
    """The workspaces with the same rules.

    Parameters
    ----------
    rules
        What they see by; they know which of their patterns are ids.
    workspaces
        Who they are, by name.
    keys
        How many of their keys work; a key of the organization is one of the default workspace.
    """

    rules: Visibility
    workspaces: Sequence[Workspace]
    keys: int


class Audience:
    """Who may see models.

    Parameters
    ----------
    state
        The installation.
    now
        Seconds since the epoch, by which keys have expired.
    only
        The id of a workspace, to look at none but that; None for all.
    """

    def __init__(self, state: State, now: float, only: str | None = None) -> None:
        self._has_id = state.catalog.has_id
        self.groups = list(_groups(state, now, only))

    def of(self, model_id: str) -> list[Group]:
        """Return the groups that can retrieve the model with this id."""
        matches = PatternMatches(model_id, self._has_id)
        return [group for group in self.groups if matches.sees(group.rules)]


def _groups(state: State, now: float, only: str | None) -> Iterator[Group]:
    keys = count_working_keys(state, now)
    found: dict[Visibility, list[Workspace]] = {}
    for workspace in state.workspaces.values():
        if only is None or workspace.id == only:
            found.setdefault(workspace.visibility, []).append(workspace)
    for rules, some in found.items():
        some.sort(key=lambda each: (each.name, each.id))
        yield Group(rules.among(state.catalog.has_id), some, sum(keys[each.id] for each in some))
