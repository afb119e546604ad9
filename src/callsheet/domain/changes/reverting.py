"""Reverting: making models and aliases what they were, by what people say of them.

What was there may have been said by anyone. A person takes back their own claim where that gives the wanted value,
and claims the value otherwise; what sources, files and built-in facts say is theirs, and stays.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any, Final

from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.claimed import MAX_SAME_AS_STEPS, Claimed
from callsheet.domain.changes.claiming import claim
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import PERSON
from callsheet.domain.claims.resolve import alias_target, is_listed, resolve
from callsheet.domain.claims.values import plain
from callsheet.domain.edits import LIFECYCLE_FIELDS
from callsheet.domain.model import MODEL_FIELDS, Model

#: How often the models are gone over, as one may be the same as another that changes as well.
_MAX_ROUNDS: Final = MAX_SAME_AS_STEPS + 1


def revert(
    reader: CatalogReader, models: Mapping[str, Model | None], aliases: Mapping[str, str | None]
) -> list[AnyChange]:
    """Return the changes that make models and aliases what they were.

    Models that are the same as one of ``models``, and are not among them, change with it.

    Parameters
    ----------
    reader
        What is there.
    models
        By id, what each is to be; None if it is not to be there.
    aliases
        By alias, the id of the model that it is to mean; None if it is not to be there.

    Raises
    ------
    ConflictError
        A model is to come back whose name is that of an alias, which is to stay.
    """
    claimed = Claimed(reader)
    claimed.load(models)
    claimed.load(aliases, ClaimKind.ALIAS)
    present = {model_id: _said_by_people(claimed, model_id, ClaimKind.MODEL) for model_id in models}
    wanted: dict[str, Claims] = {}
    for _ in range(_MAX_ROUNDS):
        before = dict(wanted)
        for model_id, target in models.items():
            wanted[model_id] = _towards(claimed, present[model_id], target)
            claimed.put(wanted[model_id])
        if wanted == before:
            break
    there = {model_id for model_id, target in models.items() if target is not None}
    meant = {each.target for alias in aliases for each in claimed.ordered(alias, ClaimKind.ALIAS)} - models.keys()
    there |= {model.id for model in reader.models(each for each in meant if each is not None)}
    on_aliases = [_alias_towards(claimed, alias, target, there) for alias, target in aliases.items()]
    return claim(reader, [*wanted.values(), *on_aliases])


def with_the_same(reader: CatalogReader, ids: Iterable[str]) -> set[str]:
    """Return ``ids`` and the models that are the same as one of them, over any number of steps."""
    found = frontier = set(ids)
    while frontier:
        towards = reader.claims_towards(frontier)
        frontier = {each.subject for each in towards if each.kind is ClaimKind.MODEL} - found
        found |= frontier
    return found


def _said_by_people(claimed: Claimed, subject: str, kind: ClaimKind) -> Claims:
    return claimed.by_manager(subject, kind).get(PERSON) or Claims(subject, PERSON, kind=kind)


def _towards(claimed: Claimed, present: Claims, target: Model | None) -> Claims:
    """What people are to say of a model so that it is ``target``: what they say already, if that will do."""
    model_id = present.subject
    others = [each for each in claimed.ordered(model_id) if each.manager != PERSON]
    if _with(claimed, others, present) == target:
        return present
    if target is None:
        return Claims(model_id, PERSON, lists=False if is_listed(others) else None)
    lists = True if not is_listed(others) else (None if present.lists is False else present.lists)
    differing = _differing(_with(claimed, others, replace(present, lists=True)), target)
    kept = {name: value for name, value in present.fields.items() if name not in differing}
    released = _with(claimed, others, Claims(model_id, PERSON, True, kept))
    said = {name: plain(getattr(target, name)) for name in _differing(released, target)}
    return Claims(model_id, PERSON, lists, {**kept, **said})


def _with(claimed: Claimed, others: Sequence[Claims], of_people: Claims) -> Model | None:
    """The model as it would be with these claims of people, who outrank all ``others``."""
    model_id = of_people.subject
    return resolve(model_id, [*others, of_people], claimed.inherited(model_id))


def _differing(model: Model | None, target: Model) -> set[str]:
    """The names of the fields that differ; with one of the lifecycle all of it, as it is valid together only."""
    names: set[str] = {name for name in MODEL_FIELDS if _value(model, name) != getattr(target, name)} - {"id"}
    return names | set(LIFECYCLE_FIELDS) if names & set(LIFECYCLE_FIELDS) else names


def _value(model: Model | None, name: str) -> Any:
    return None if model is None else getattr(model, name)


def _alias_towards(claimed: Claimed, alias: str, target: str | None, there: Set[str]) -> Claims:
    """What people are to say of an alias so that it means ``target``; ``there`` are the models that will be."""
    ordered = claimed.ordered(alias, ClaimKind.ALIAS)
    others = [each for each in ordered if each.manager != PERSON]
    if _meant(ordered, there) == target:
        return _said_by_people(claimed, alias, ClaimKind.ALIAS)
    if _meant(others, there) == target:
        return Claims(alias, PERSON, kind=ClaimKind.ALIAS)
    if target is None:
        return Claims(alias, PERSON, lists=False, kind=ClaimKind.ALIAS)
    return Claims(alias, PERSON, True, {"model_id": target}, ClaimKind.ALIAS)


def _meant(ordered: Sequence[Claims], there: Set[str]) -> str | None:
    target = alias_target(ordered)
    return target if target in there else None
