"""Find: the models that retire, each with its replacement, and who is concerned, as plain records."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final, Literal, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from callsheet.api.state import State
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.model import Model
from callsheet.domain.plan.impact import WorkspaceName
from callsheet.domain.retirement.chain import Chain, chain_of
from callsheet.domain.retirement.lines import Lines, Standing, standing_of
from callsheet.domain.retirement.stage import Stage, days_left, stage_of
from callsheet.domain.times import format_instant
from callsheet.service.retirements.audience import Audience, Group

#: Of which retirements are shown unless others are asked for.
PENDING: Final = frozenset({Stage.UPCOMING, Stage.OVERDUE})

#: Which retirements can be asked for.
Wanted: TypeAlias = Literal["pending", "overdue", "all"]

STAGES: Final[Mapping[Wanted, frozenset[Stage]]] = {
    "pending": PENDING,
    "overdue": frozenset({Stage.OVERDUE}),
    "all": frozenset({*PENDING, Stage.RETIRED}),
}

_standings: Final[WeakKeyDictionary[Block, Standing]] = WeakKeyDictionary()


class Retirement(NamedTuple):
    """The retirement of a model.

    Parameters
    ----------
    model
        The model.
    stage
        Whether the retirement is still to come, overdue or done.
    days_left
        In how many days it is; negative after it, None if there is no date.
    replacement
        What to move to.
    aliases
        Its aliases, sorted.
    workspaces
        Those that can retrieve it, by name.
    keys
        How many of their keys work.
    left_without_line
        Those of the workspaces that have no listed model of its line once it retires.
    """

    model: Model
    stage: Stage
    days_left: int | None
    replacement: Chain
    aliases: tuple[str, ...]
    workspaces: tuple[WorkspaceName, ...]
    keys: int
    left_without_line: tuple[WorkspaceName, ...]

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        model = self.model
        return {
            "id": model.id,
            "display_name": model.display_name,
            "line": model.line,
            "state": str(self.stage),
            "deprecated_at": _written(model.deprecated_at),
            "retires_at": _written(model.retires_at),
            "retirement_precision": model.retirement_precision,
            "retires_itself": model.retires_itself,
            "days_left": self.days_left,
            "replacement": self.replacement.record(),
            "aliases": list(self.aliases),
            "workspaces": [each._asdict() for each in self.workspaces],
            "keys": self.keys,
            "left_without_line": [each._asdict() for each in self.left_without_line],
        }


def find_retirements(
    state: State,
    now: datetime,
    *,
    within: timedelta | None = None,
    stages: Collection[Stage] = PENDING,
    workspace_id: str | None = None,
) -> list[Retirement]:
    """Return the retirements, the earliest date first.

    Parameters
    ----------
    state
        The installation, or what it was or will be at another time.
    now
        The time (aware).
    within
        Only those of this time from now on, and all of the past; None for any.
    stages
        Only those at one of these stages.
    workspace_id
        Only models that this workspace can retrieve, and only what concerns it; None for all.
    """
    latest = None if within is None else now + within
    standings = [standing_in(block) for block in state.catalog.blocks]
    found = [
        (model, stage)
        for model in chain.from_iterable(each.not_active for each in standings)
        if (stage := stage_of(model, now)) in stages and stage is not None and _is_by(latest, model)
    ]
    if not found:
        return []
    audience = Audience(state, now.timestamp(), workspace_id)
    lines = Lines(standings, {model.line for model, stage in found if model.line is not None})
    aliases = _aliases_of({model.id for model, _ in found}, state.catalog.aliases())
    result = []
    for model, stage in found:
        groups = audience.of(model.id)
        if groups or workspace_id is None:
            result.append(_retirement(model, stage, now, state.catalog, groups, lines, aliases.get(model.id, ())))
    return sorted(result, key=_earliest_first)


def standing_in(block: Block) -> Standing:
    """Return what the models of a block are as far as retirements go; of one that stays, it is known already."""
    found = _standings.get(block)
    if found is None:
        found = _standings[block] = standing_of(block.models)
    return found


def _is_by(latest: datetime | None, model: Model) -> bool:
    return latest is None or model.retires_at is None or model.retires_at <= latest


def _retirement(
    model: Model,
    stage: Stage,
    now: datetime,
    catalog: Catalog,
    groups: list[Group],
    lines: Lines,
    aliases: tuple[str, ...],
) -> Retirement:
    is_pending = stage in PENDING
    return Retirement(
        model,
        stage,
        days_left(model, now),
        chain_of(model, catalog.resolve),
        aliases,
        _names(groups),
        sum(group.keys for group in groups),
        _names([each for each in groups if is_pending and lines.is_left_without(each.rules, model)]),
    )


def _names(groups: list[Group]) -> tuple[WorkspaceName, ...]:
    named = (WorkspaceName(each.id, each.name) for group in groups for each in group.workspaces)
    return tuple(sorted(named, key=lambda each: (each.name, each.id)))


def _aliases_of(ids: Collection[str], aliases: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for alias, model_id in aliases.items():
        if model_id in ids:
            found.setdefault(model_id, []).append(alias)
    return {model_id: tuple(sorted(some)) for model_id, some in found.items()}


def _earliest_first(each: Retirement) -> tuple[float, str]:
    date = each.model.retires_at
    return float("inf") if date is None else date.timestamp(), each.model.id


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)
