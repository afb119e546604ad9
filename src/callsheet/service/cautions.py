"""Cautions: what changes lead to that no caller need notice yet, and that a person should know all the same."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from callsheet.api.state import State
from callsheet.domain.access.visibility import NOTHING, SEES_ALL
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.alias import Alias
from callsheet.domain.catalog import Catalog
from callsheet.domain.changes.change import AnyChange, Subject
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.plan.impact import Impact
from callsheet.domain.plan.warnings import PlanWarning, alias_warnings, sight_warnings
from callsheet.service.sight_counts import tally


def cautions_of(
    before: State, after: State, changes: Sequence[AnyChange], impact: Impact
) -> tuple[PlanWarning, ...]:
    """Return what a person should know of ``changes``, beside what of their ``impact`` hurts.

    Parameters
    ----------
    before, after
        What there is without the changes, and with them.
    changes, impact
        The changes, and what they mean to those who ask.
    """
    return (
        *alias_warnings(_ending_aliases(before.catalog, after.catalog, changes)),
        *sight_warnings(_blind(before, after, changes, impact)),
    )


def _ending_aliases(before: Catalog, after: Catalog, changes: Iterable[AnyChange]) -> Mapping[str, str]:
    """The aliases, with the models that they mean, that come to mean one that retires without a replacement."""
    subjects = {change.subject for change in changes if change.kind is Subject.MODEL}
    moved = {change.subject for change in changes if isinstance(change.value, Alias)}
    targets = subjects | {after.id_of(alias) for alias in moved}
    ending = {each for each in targets if _end_of(after.get(each)) is not None}
    if not ending:
        return {}
    return {
        alias: model_id
        for alias, model_id in sorted(after.aliases().items())
        if model_id in ending and _end_of(before.resolve(alias)) != _end_of(after.get(model_id))
    }


def _end_of(model: Model | None) -> str | None:
    """How near its end a model is, if nothing replaces it; None if it has no end, or there is no model."""
    if model is None or model.replacement is not None:
        return None
    if model.lifecycle is Lifecycle.RETIRED:
        return "retired"
    return None if model.retires_at is None else "dated"


def _blind(before: State, after: State, changes: Iterable[AnyChange], impact: Impact) -> Iterator[str]:
    """Names of the workspaces whose new rules show no model, although there are listed ones."""
    emptied = {each.id for audience in impact.audiences if audience.is_emptied for each in audience.workspaces}
    changed = {change.subject: None for change in changes if change.kind is Subject.WORKSPACE}
    rooms = [after.workspaces[each] for each in changed if each in after.workspaces and each not in emptied]
    rooms = [room for room in rooms if _has_new_rules(before.workspaces.get(room.id), room)]
    if not rooms:
        return
    blocks = after.catalog.blocks
    has_listed = any(tally(block, SEES_ALL).listed for block in blocks)
    for room in rooms:
        rules = room.visibility.among(after.catalog.has_id)
        if has_listed and not any(tally(block, rules).listed for block in blocks):
            yield room.name


def _has_new_rules(before: Workspace | None, after: Workspace) -> bool:
    """Whether the rules differ from before, and do not say on purpose that nothing is seen."""
    is_same = before is not None and before.visibility == after.visibility
    return not is_same and after.visibility.allow != (NOTHING,)
