"""Claiming: what models and aliases become when managers change what they say of them.

The one way to change the catalogue: the verbs of people, files, sources and built-in facts all come here.
"""

from collections.abc import Iterable, Mapping, Sequence, Set

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, AnyChange, Change
from callsheet.domain.changes.claimed import Claimed
from callsheet.domain.changes.naming import claims_on_names
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.claims.resolve import alias_target, resolve
from callsheet.domain.errors import ConflictError
from callsheet.domain.hints import Hint
from callsheet.domain.model import Model


def claim(
    reader: CatalogReader,
    wanted: Iterable[Claims],
    action: Action = Action.CHANGE,
    positions: Mapping[str, int] | None = None,
) -> list[AnyChange]:
    """Return what changes if each of ``wanted`` replaces what its manager said of its subject before.

    The claims that change come first, then the models and aliases that come to something else by it: also models
    that are the same as a changed one, and the aliases of models that come or go. The order of ``wanted`` does not
    matter. What is claimed already changes nothing. An alias makes way for a model of its name that a higher
    manager lists, and comes back after it. Where an id that is listed for the first time names a built-in model as
    another platform does, the built-in facts claim that as well.

    Parameters
    ----------
    reader
        What is there.
    wanted
        Whole claims, whose fields have been checked; those that are empty are dropped.
    action
        What is recorded of claimed models that are there before and after.
    positions
        As for `Claimed`.

    Raises
    ------
    ConflictError
        A model would have the name of an alias that a manager of the same rank, or of a higher one, lists.
    """
    given = sorted(wanted, key=_place)
    return _Claiming(Claimed(reader, positions), reader, given, claims_on_names(reader, given), action).changes()


class _Claiming:
    """One change of claims, and what follows from it."""

    def __init__(
        self,
        claimed: Claimed,
        reader: CatalogReader,
        wanted: Sequence[Claims],
        on_names: Sequence[Claims],
        action: Action,
    ) -> None:
        self._reader = reader
        self._claimed = claimed
        self._action = action
        for kind in ClaimKind:
            self._claimed.load((each.subject for each in wanted if each.kind is kind), kind)
        self._managers = {(each.kind, each.subject): each.manager for each in wanted}
        everybody = set(self._managers.values())
        self._only_manager = everybody.pop() if len(everybody) == 1 else None
        news = [each for each in (*on_names, *wanted) if not self._claimed.says(each)]
        self._claims = [change for each in news for change in self._claimed.put(each)]

    def changes(self) -> list[AnyChange]:
        """Return everything that changes, in an order in which it can be written."""
        models = self._changed_models()
        aliases = self._changed_aliases(models)
        self._refuse_names_of_aliases(models, aliases)
        dropped = [change for change in aliases if change.after is None]
        named = [change for change in aliases if change.after is not None]
        return [*self._claims, *dropped, *models.values(), *named]

    def _changed_models(self) -> dict[str, Change[Model]]:
        claimed = {subject for kind, subject in self._managers if kind is ClaimKind.MODEL}
        affected = self._with_the_same(claimed)
        self._claimed.load(affected)
        present = {model.id: model for model in self._reader.models(affected)}
        changes: dict[str, Change[Model]] = {}
        for model_id in sorted(affected):
            before = present.get(model_id)
            after = resolve(model_id, self._claimed.ordered(model_id), self._claimed.inherited(model_id))
            if before != after:
                action = self._action if model_id in claimed else Action.CHANGE
                changes[model_id] = Change(
                    _action(action, before, after), before, after, self._manager_of(model_id)
                )
        return changes

    def _with_the_same(self, claimed: Iterable[str]) -> set[str]:
        """The models that are claimed, and those that are the same as one of them, over any number of steps."""
        found = frontier = set(claimed)
        while frontier:
            towards = self._claimed.towards(frontier)
            frontier = {each.subject for each in towards if each.kind is ClaimKind.MODEL} - found
            found |= frontier
        return found

    def _manager_of(self, subject: str, kind: ClaimKind = ClaimKind.MODEL) -> Manager | None:
        """Who brings the change about; None if there are several, none of which claimed this very thing."""
        return self._managers.get((kind, subject), self._only_manager)

    def _changed_aliases(self, models: Mapping[str, Change[Model]]) -> list[Change[Alias]]:
        moved = [change.subject for change in models.values() if change.before is None or change.after is None]
        gone = [change.subject for change in models.values() if change.after is None]
        names = {subject for kind, subject in self._managers if kind is ClaimKind.ALIAS}
        names |= {each.subject for each in self._claimed.towards(moved) if each.kind is ClaimKind.ALIAS}
        names |= {alias for model_id in gone for alias in self._reader.aliases_of(model_id)}
        names |= self._reader.claims_of(gone, ClaimKind.ALIAS).keys()  # their names are free now
        names |= self._yielding(change.subject for change in models.values() if change.before is None)
        self._claimed.load(names, ClaimKind.ALIAS)
        targets = {name: alias_target(self._claimed.ordered(name, ClaimKind.ALIAS)) for name in sorted(names)}
        meant = {target for target in targets.values() if target is not None}
        there = self._existing(names | meant, models)
        self._claimed.load(meant - there)
        present = self._reader.aliases(names)
        return [
            change
            for name, target in targets.items()
            for change in self._changed_alias(name, present.get(name), target, there)
        ]

    def _yielding(self, added: Iterable[str]) -> set[str]:
        """The aliases with the name of a model that is added, and which a higher manager lists."""
        named = self._reader.aliases(sorted(added))
        self._claimed.load(named, ClaimKind.ALIAS)
        return {name for name in named if self._rank_of(name, ClaimKind.ALIAS) < self._rank_of(name)}

    def _rank_of(self, subject: str, kind: ClaimKind = ClaimKind.MODEL) -> int:
        """The rank of the highest manager that lists a thing; below all if none does."""
        listing = (each.manager.rank for each in self._claimed.ordered(subject, kind) if each.lists)
        return max(listing, default=-1)

    def _changed_alias(
        self, name: str, present: str | None, target: str | None, there: Set[str]
    ) -> list[Change[Alias]]:
        is_there = target in there and name not in there
        if target is not None and not is_there and self._claimed.by_manager(target):
            self._claims += self._claimed.keep(name, ClaimKind.ALIAS)  # it comes back with the model
        before = None if present is None else Alias(name, present)
        after = Alias(name, target) if target is not None and is_there else None
        if before == after:
            return []
        action = Action.UNALIAS if after is None else Action.ALIAS
        return [Change(action, before, after, self._manager_of(name, ClaimKind.ALIAS))]

    def _existing(self, ids: Set[str], models: Mapping[str, Change[Model]]) -> Set[str]:
        """Those of ``ids`` that are models once these changes are made."""
        present = {model.id for model in self._reader.models(ids - models.keys())}
        return present | {model_id for model_id in ids & models.keys() if models[model_id].after is not None}

    def _refuse_names_of_aliases(
        self, models: Mapping[str, Change[Model]], aliases: Iterable[Change[Alias]]
    ) -> None:
        added = [change.subject for change in models.values() if change.before is None]
        dropped = {change.subject for change in aliases if change.after is None}
        for name, model_id in self._reader.aliases(added).items():
            if name not in dropped:
                raise ConflictError(f"{name} is an alias of {model_id}", hint=Hint.REMOVE_ALIAS, hint_about=name)


def _action(action: Action, before: Model | None, after: Model | None) -> Action:
    if before is None:
        return Action.ADD
    return Action.REMOVE if after is None else action


def _place(claims: Claims) -> tuple[str, str, int, str]:
    return claims.kind, claims.subject, claims.manager.rank, claims.manager.name
