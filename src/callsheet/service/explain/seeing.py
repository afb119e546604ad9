"""Seeing: who sees a model, counted by rules, and what a key or a workspace sees."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from callsheet.api.explain import Asker, admission
from callsheet.api.state import State
from callsheet.domain.access.visibility import PatternMatches, Visibility
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.model import Model
from callsheet.domain.plan.impact import WorkspaceName
from callsheet.domain.query import Reach, reach_of
from callsheet.service.comparison import Comparison, Rules
from callsheet.service.key_counts import count_working_keys

_ORDER: Final = (Reach.LISTED, Reach.RETRIEVABLE, Reach.ABSENT)


class Viewers(NamedTuple):
    """The workspaces that see a model, or do not, by the same rules.

    Parameters
    ----------
    reach
        How far the model is within their reach.
    model_id
        The model that the name means to them; None if it means none.
    allow, deny
        Their rules.
    matching
        Those of their patterns that match: what denies it, or else what allows it.
    workspaces
        Who they are, by name.
    keys
        How many keys that work see by them; a key of the organization sees what the default workspace sees.
    """

    reach: Reach
    model_id: str | None
    allow: tuple[str, ...]
    deny: tuple[str, ...]
    matching: tuple[str, ...]
    workspaces: tuple[WorkspaceName, ...]
    keys: int

    def record(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in self._asdict().items()}
        return {**plain, "workspaces": [each._asdict() for each in self.workspaces]}


@dataclass(slots=True)
class Members:
    """Workspaces that see by the same rules, and how many keys that work they have."""

    workspaces: list[WorkspaceName] = field(default_factory=list)
    keys: int = 0


def who_sees(state: State, name: str, now: float) -> list[Viewers]:
    """Return who sees the model that ``name`` means: those who have it listed first, most keys first.

    Each distinct set of rules is looked at once, however many workspaces have it; keys are only counted.

    Parameters
    ----------
    state
        The installation.
    name
        An id or alias.
    now
        Seconds since the epoch.
    """
    looked_at = _Looks(state.catalog, name)
    found = [looked_at.by(rules, some) for rules, some in members_by_rules(state, now).items()]
    return sorted(found, key=lambda each: (_ORDER.index(each.reach), -each.keys, each.workspaces))


def members_by_rules(state: State, now: float) -> dict[Visibility, Members]:
    """Return the workspaces in use by their rules, with how many keys work at ``now`` (seconds since the epoch)."""
    counts = count_working_keys(state, now)
    members: dict[Visibility, Members] = {}
    for workspace in state.workspaces.values():
        some = members.setdefault(workspace.visibility, Members())
        some.workspaces.append(WorkspaceName(workspace.id, workspace.name))
        some.keys += counts[workspace.id]
    return members


class _Looks:
    """One name, looked at by many sets of rules."""

    def __init__(self, catalog: Catalog, name: str) -> None:
        found = (catalog.get(each) for each in dict.fromkeys((name, catalog.id_of(name))))
        self._candidates = [
            (model, PatternMatches(model.id, catalog.has_id)) for model in found if model is not None
        ]

    def by(self, rules: Visibility, members: Members) -> Viewers:
        """Return what those who see by ``rules`` see of it."""
        candidates = self._candidates
        model, matches = next(((each, by) for each, by in candidates if by.sees(rules)), (None, None))
        reach, matching = Reach.ABSENT, ()  # type: Reach, tuple[str, ...]
        if model is not None and matches is not None:
            reach, matching = reach_of(model), matches.among(rules.allow)
        elif candidates:
            matching = candidates[0][1].among(rules.deny)
        who = tuple(sorted(members.workspaces, key=lambda each: (each.name, each.id)))
        model_id = None if model is None else model.id
        return Viewers(reach, model_id, rules.allow, rules.deny, matching, who, members.keys)


class Sighting(NamedTuple):
    """A model, and how far it is within reach."""

    model: Model
    reach: Reach


def what_sees(state: State, asker: Asker, now: float, models: Iterable[Model] | None = None) -> Iterator[Sighting]:
    """Yield the models that ``asker`` can retrieve at ``now``, in the order of the API; none if it is refused.

    With ``models``, which are some of the catalogue, only of these, in their order.
    """
    rules = admission(state, asker, now).rules
    if rules is not None:
        among = state.catalog if models is None else models
        for model_id in rules.among(state.catalog.has_id).seen(model.id for model in among):
            model = state.catalog.get(model_id)
            if model is not None:
                yield Sighting(model, reach_of(model))


class Compared(NamedTuple):
    """What two askers see differently.

    Parameters
    ----------
    only_first, only_second
        Ids of the models that are listed for one of them only.
    only_first_unlisted, only_second_unlisted
        Ids of the models that one of them only can retrieve, and that are in no list.
    written_otherwise
        Ids of the models that both see, with other fields.
    """

    only_first: Sequence[str]
    only_second: Sequence[str]
    only_first_unlisted: Sequence[str]
    only_second_unlisted: Sequence[str]
    written_otherwise: Sequence[str]

    def record(self) -> dict[str, list[str]]:
        """Return it as plain JSON values."""
        return {name: list(ids) for name, ids in self._asdict().items()}


def compare(state: State, first: Asker, second: Asker, now: float, most: int | None = None) -> Compared:
    """Return what ``first`` and ``second`` see differently at ``now``; one that is refused sees nothing.

    With ``most``, only so many models are looked at, from the first one of the catalogue on.
    """
    catalog = state.catalog
    blocks = None if most is None else list(first_models(catalog.blocks, most))
    comparison = Comparison(catalog, catalog, (), to_openai=state.options.openai_dialect, blocks=blocks)
    named = comparison.difference(_rules(state, first, now), _rules(state, second, now)).fields()
    order = ("loses", "gains", "loses_unlisted", "gains_unlisted", "changes")
    return Compared(*(named[name] for name in order))


def first_models(blocks: Iterable[Block], most: int) -> Iterator[Block]:
    """Yield so many of the first models, in blocks; the last one may be a part of what it was."""
    for block in blocks:
        if len(block.models) >= most:
            if most > 0:
                yield block if len(block.models) == most else Block(block.models[:most])
            return
        yield block
        most -= len(block.models)


def _rules(state: State, asker: Asker, now: float) -> Rules | None:
    """What decides what ``asker`` sees; None if it is refused."""
    admitted = admission(state, asker, now)
    if admitted.rules is None or admitted.workspace is None:
        return None
    shape = admitted.workspace.shape or state.options.shape
    return Rules(admitted.rules.among(state.catalog.has_id), shape)
