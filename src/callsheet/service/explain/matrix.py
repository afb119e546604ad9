"""The matrix: who sees what, for each distinct set of rules once, made piece by piece."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from callsheet.api.state import State
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.model import Model
from callsheet.domain.plan.impact import WorkspaceName
from callsheet.domain.query import Reach, reach_of
from callsheet.service.explain.seeing import members_by_rules


class RuleSet(NamedTuple):
    """Workspaces with the same rules.

    Parameters
    ----------
    workspaces
        By name; at least one.
    keys
        How many keys that work see by these rules; a key of the organization sees what the default workspace sees.
    rules
        The rules.
    """

    workspaces: tuple[WorkspaceName, ...]
    keys: int
    rules: Visibility

    @property
    def id(self) -> str:
        """The id of the first workspace, by which pages name the whole."""
        return self.workspaces[0].id


class Seers(NamedTuple):
    """Workspaces with the same rules, and what they see.

    Parameters
    ----------
    workspaces, keys
        As of a `RuleSet`.
    allow, deny
        The rules.
    listed, retrievable
        Ids of the models that are listed for them, and of those that they can only retrieve; in the API's order.
    """

    workspaces: tuple[WorkspaceName, ...]
    keys: int
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    listed: Sequence[str]
    retrievable: Sequence[str]

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in self._asdict().items()}
        return {**plain, "workspaces": [each._asdict() for each in self.workspaces]}


def rule_sets(state: State, now: float, search: str = "") -> list[RuleSet]:
    """Return the distinct sets of rules, by the name of the first workspace with them.

    Parameters
    ----------
    state
        The installation.
    now
        Seconds since the epoch.
    search
        Only those of a workspace whose name or id holds this text, in either case; empty for all.
    """
    wanted = search.casefold()
    found = [
        RuleSet(tuple(sorted(some.workspaces, key=_by_name)), some.keys, rules)
        for rules, some in members_by_rules(state, now).items()
        if any(wanted in each.name.casefold() or wanted in each.id.casefold() for each in some.workspaces)
    ]
    return sorted(found, key=lambda each: _by_name(each.workspaces[0]))


def matrix(state: State, sets: Sequence[RuleSet], models: Sequence[Model] | None = None) -> Iterator[Seers]:
    """Yield for each of ``sets`` which of ``models`` it sees; None for all models.

    Each is made when it is asked for, so that 10,000 workspaces with 10,000 models are never in memory together.
    """
    chosen = list(state.catalog) if models is None else models
    ids = [model.id for model in chosen]
    unlisted = frozenset(model.id for model in chosen if reach_of(model) is not Reach.LISTED)
    for each in sets:
        seen = list(each.rules.among(state.catalog.has_id).seen(ids))
        yield Seers(
            each.workspaces,
            each.keys,
            each.rules.allow,
            each.rules.deny,
            [model_id for model_id in seen if model_id not in unlisted],
            [model_id for model_id in seen if model_id in unlisted],
        )


def _by_name(workspace: WorkspaceName) -> tuple[str, str]:
    return workspace.name, workspace.id
