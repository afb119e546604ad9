"""The matrix: who sees what, for each distinct set of rules once, made piece by piece."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from callsheet.api.state import State
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.plan.impact import WorkspaceName
from callsheet.domain.query import Reach, reach_of
from callsheet.service.explain.seeing import Members, members_by_rules


class Seers(NamedTuple):
    """Workspaces with the same rules, and what they see.

    Parameters
    ----------
    workspaces
        By name.
    keys
        How many keys that work see by these rules; a key of the organization sees what the default workspace sees.
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


def matrix(state: State, now: float) -> Iterator[Seers]:
    """Yield who sees what at ``now`` (seconds since the epoch), by the name of the first workspace with the rules.

    Each is made when it is asked for, so that 10,000 workspaces with 10,000 models are never in memory together.
    """
    ids = [model.id for model in state.catalog]
    unlisted = frozenset(model.id for model in state.catalog if reach_of(model) is not Reach.LISTED)
    members = members_by_rules(state, now)
    for rules, some in sorted(members.items(), key=_first):
        seen = list(rules.among(state.catalog.has_id).seen(ids))
        yield Seers(
            tuple(sorted(some.workspaces, key=_by_name)),
            some.keys,
            rules.allow,
            rules.deny,
            [model_id for model_id in seen if model_id not in unlisted],
            [model_id for model_id in seen if model_id in unlisted],
        )


def _first(item: tuple[Visibility, Members]) -> tuple[str, str]:
    return min(map(_by_name, item[1].workspaces))


def _by_name(workspace: WorkspaceName) -> tuple[str, str]:
    return workspace.name, workspace.id
