"""Impact of changes: what those who ask see before and after, found once for each distinct set of rules."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final, NamedTuple, TypeAlias
from weakref import WeakKeyDictionary

from callsheet.api.state import State
from callsheet.domain.access.keyring import KeyRecord
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.changes.change import AnyChange, Subject
from callsheet.domain.model import Model
from callsheet.domain.plan.impact import AliasMove, Audience, Impact, LostReplacement, WorkspaceName
from callsheet.domain.plan.warnings import PlanWarning, warnings_of
from callsheet.service.cautions import cautions_of
from callsheet.service.comparison import Comparison, Difference, Rules
from callsheet.service.key_counts import count_working_keys
from callsheet.service.state.changed import changed_state

_replaced_of: Final[WeakKeyDictionary[Block, Sequence[Model]]] = WeakKeyDictionary()

#: The rules by which a caller sees before and after; None if nothing is seen.
_Rules: TypeAlias = tuple[Rules | None, Rules | None]


@dataclass(slots=True)
class _Members:
    """Who sees by the same rules, before and after."""

    workspaces: list[WorkspaceName] = field(default_factory=list)
    keys: int = 0


class Judgement(NamedTuple):
    """What changes mean to those who ask, and what a person should know first, most serious first."""

    impact: Impact
    warnings: tuple[PlanWarning, ...]


def judge(state: State, changes: Iterable[AnyChange], now: datetime) -> Judgement:
    """Return what ``changes``, if they are made to ``state``, lead to at ``now`` (aware); see `impact_of`."""
    made = list(changes)
    after = changed_state(state, made)
    impact = _impact(state, after, made, now)
    return Judgement(impact, (*warnings_of(impact), *cautions_of(state, after, made, impact)))


def impact_of(state: State, changes: Iterable[AnyChange], now: datetime) -> Impact:
    """Return what ``changes``, if they are made to ``state``, mean to those who ask at ``now`` (aware).

    What a caller sees is decided by what decides it for `answer`: the rules of its workspace, and whether a model
    is listed. Each distinct set of rules is looked at once, however many workspaces and keys it has, and with it
    only the models that change, unless the rules change.
    """
    made = list(changes)
    return _impact(state, changed_state(state, made), made, now)


def _impact(state: State, after: State, made: Sequence[AnyChange], now: datetime) -> Impact:
    models = [change.subject for change in made if change.kind is Subject.MODEL]
    comparison = Comparison(state.catalog, after.catalog, models, to_openai=state.options.openai_dialect)
    aliases = [change.subject for change in made if change.kind is Subject.ALIAS]
    return Impact(
        audiences=tuple(_audiences(comparison, _members(state, after, now.timestamp()))),
        aliases=tuple(_alias_moves(state.catalog, after.catalog, models, aliases)),
        replacements=tuple(_lost_replacements(state.catalog, after.catalog, models)),
    )


def _audiences(comparison: Comparison, members: Mapping[_Rules, _Members]) -> list[Audience]:
    """Those who notice something; rules for which the same is different are one audience."""
    alike: dict[tuple[Difference, bool, bool], _Members] = {}
    for (was, now), some in members.items():
        difference = comparison.difference(was, now)
        if not difference.is_nothing or (was is None) is not (now is None):
            noticed = alike.setdefault((difference, was is None, now is None), _Members())
            noticed.workspaces += some.workspaces
            noticed.keys += some.keys
    audiences = [
        Audience(
            workspaces=tuple(sorted(some.workspaces, key=lambda each: (each.name, each.id))),
            keys=some.keys,
            **difference.fields(),
            starts=starts,
            stops=stops,
        )
        for (difference, starts, stops), some in alike.items()
    ]
    return sorted(audiences, key=lambda each: (-each.keys, each.workspaces, not each.stops, each.starts))


def _members(before: State, after: State, now: float) -> Mapping[_Rules, _Members]:
    """The workspaces in use and the keys that work, by the rules that they see by before and after."""
    was, will = _rules_of(before), _rules_of(after)
    members: dict[_Rules, _Members] = {}
    for workspace_id in {**before.workspaces, **after.workspaces}:
        workspace = after.workspaces.get(workspace_id) or before.workspaces[workspace_id]
        some = members.setdefault((was(workspace_id), will(workspace_id)), _Members())
        some.workspaces.append(WorkspaceName(workspace.id, workspace.name))
    for (old, new), count in _key_counts(before, after, now).items():
        rules = was(old), will(new)
        if rules != (None, None):
            members.setdefault(rules, _Members()).keys += count
    return members


def _rules_of(state: State) -> Callable[[str | None], Rules | None]:
    """Return a function of a workspace's id that gives its rules; None if it is not in use."""
    has_id = state.catalog.has_id

    @cache
    def among(visibility: Visibility) -> Visibility:
        return visibility.among(has_id)

    @cache
    def rules(workspace_id: str | None) -> Rules | None:
        workspace: Workspace | None = state.workspaces.get(workspace_id or "")
        if workspace is None:
            return None
        return Rules(among(workspace.visibility), workspace.shape or state.options.shape)

    return rules


def _key_counts(before: State, after: State, now: float) -> Counter[tuple[str | None, str | None]]:
    """How many keys see by which workspace before and after; None if a key does not work. Some do not at either."""
    counts: Counter[tuple[str | None, str | None]] = Counter(
        {(each, each): count for each, count in count_working_keys(before, now).items()}
    )
    for key, former in after.keyring.differing(before.keyring):
        was, will = _seen_by(before, former, now), _seen_by(after, key, now)
        counts[was, was] -= was is not None
        counts[was, will] += 1
    return +counts


def _seen_by(state: State, key: KeyRecord | None, now: float) -> str | None:
    """The workspace by whose rules a key sees; None if it does not work."""
    if key is None or not key.usable or key.is_expired(now):
        return None
    return key.workspace_id or state.default_workspace_id


def _alias_moves(
    before: Catalog, after: Catalog, models: Iterable[str], aliases: Iterable[str]
) -> Iterator[AliasMove]:
    """The names that are or were aliases, and mean another model than before."""
    moved = {model_id for model_id in models if (before.get(model_id) is None) is not (after.get(model_id) is None)}
    names = set(aliases)
    if moved:
        names |= {alias for alias, model_id in before.alias_table.items() if model_id in moved}
    for name in sorted(names):
        old, new = (None if (model := side.resolve(name)) is None else model.id for side in (before, after))
        if old != new:
            is_orphaned = new is None and old is not None and after.get(old) is None
            yield AliasMove(name, old, new, is_orphaned)


def _lost_replacements(before: Catalog, after: Catalog, models: Iterable[str]) -> Iterator[LostReplacement]:
    """The models whose replacement does not exist, and did, or is another than before."""
    changed = set(models)
    has_gone = any(after.get(model_id) is None for model_id in changed)
    for model in _replaced(after) if has_gone else filter(None, map(after.get, sorted(changed))):
        replacement = model.replacement
        if replacement is None or after.get(replacement) is not None:
            continue
        old = before.get(model.id)
        if old is None or old.replacement != replacement or before.get(replacement) is not None:
            yield LostReplacement(model.id, replacement)


def _replaced(catalog: Catalog) -> Iterator[Model]:
    """The models that have a replacement; those of a block are looked for once."""
    for block in catalog.blocks:
        models = _replaced_of.get(block)
        if models is None:
            models = _replaced_of[block] = tuple(each for each in block.models if each.replacement is not None)
        yield from models
