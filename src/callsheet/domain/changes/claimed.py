"""Claimed: who says what of models and aliases, as it is stored and as a change would leave it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import Action, Change
from callsheet.domain.changes.reader import CatalogReader
from callsheet.domain.claims.claims import SAME_AS, ClaimKind, Claims
from callsheet.domain.claims.implied import implied_by
from callsheet.domain.claims.manager import PERSON, Manager
from callsheet.domain.claims.resolve import (
    Provenance,
    in_order,
    inheritable,
    inherited_from,
    merged,
    provenance,
)

#: How many models ``same_as`` is followed over; what is further away is not inherited.
MAX_SAME_AS_STEPS: Final = 8


class Claimed:
    """The claims of a reader, some of them replaced.

    Parameters
    ----------
    reader
        Gives what is stored. What has been read once is not read again.
    positions
        Of sources and enrichments, by name, if they are to be others than those that are stored.
    """

    def __init__(self, reader: CatalogReader, positions: Mapping[str, int] | None = None) -> None:
        self._reader = reader
        self._positions = reader.positions() if positions is None else positions
        self._known: dict[ClaimKind, dict[str, dict[Manager, Claims]]] = {kind: {} for kind in ClaimKind}
        self._implied: dict[ClaimKind, set[str]] = {kind: set() for kind in ClaimKind}

    def load(self, subjects: Iterable[str], kind: ClaimKind = ClaimKind.MODEL) -> None:
        """Read the claims on ``subjects`` together, which takes far less time than one by one."""
        known = self._known[kind]
        missing = [subject for subject in dict.fromkeys(subjects) if subject not in known]
        if not missing:
            return
        stored = self._reader.claims_of(missing, kind)
        for subject, claims in stored.items():
            known[subject] = {each.manager: each for each in claims}
        bare = [subject for subject in missing if subject not in stored]
        present = self._present(bare, kind)
        for subject in bare:
            implied = present.get(subject)
            known[subject] = {} if implied is None else {implied.manager: implied}
        self._implied[kind].update(present)

    def _present(self, subjects: Sequence[str], kind: ClaimKind) -> dict[str, Claims]:
        """The implied claims on those of ``subjects`` that exist without any that are stored."""
        if kind is ClaimKind.MODEL:
            found = [implied_by(model) for model in self._reader.models(subjects)]
        else:
            found = [implied_by(Alias(*each)) for each in self._reader.aliases(subjects).items()]
        return {each.subject: each for each in found}

    def by_manager(self, subject: str, kind: ClaimKind = ClaimKind.MODEL) -> Mapping[Manager, Claims]:
        """Return the claims on one thing by who makes them."""
        self.load([subject], kind)
        return self._known[kind][subject]

    def ordered(self, subject: str, kind: ClaimKind = ClaimKind.MODEL) -> list[Claims]:
        """Return the claims on one thing, from the lowest rank to the highest."""
        return in_order(self.by_manager(subject, kind).values(), self._positions)

    def is_listed_by_others(self, subject: str, kind: ClaimKind = ClaimKind.MODEL) -> bool:
        """Return whether anyone but people lists a thing."""
        managers = self.by_manager(subject, kind)
        return any(each.lists for manager, each in managers.items() if manager != PERSON)

    def says(self, claims: Claims) -> bool:
        """Return whether the manager says just that of the subject already."""
        present = self.by_manager(claims.subject, claims.kind).get(claims.manager)
        return claims.is_empty if present is None else present == claims

    def put(self, claims: Claims) -> list[Change[Claims]]:
        """Replace what the manager says of the subject; return what has to be stored or dropped for it.

        Implied claims of another manager are stored now, as they would no longer be implied.
        """
        present = self.by_manager(claims.subject, claims.kind)
        before = present.get(claims.manager)
        self._known[claims.kind][claims.subject] = _with(present, claims)
        implied = self._implied[claims.kind]
        others = [_stored(each) for each in present.values() if each is not before and claims.subject in implied]
        is_stored = claims.subject not in implied
        implied.discard(claims.subject)
        return others + _replaced(before, claims, is_stored=is_stored)

    def keep(self, subject: str, kind: ClaimKind) -> list[Change[Claims]]:
        """Return what has to be stored so that the claims on a thing outlast it."""
        if subject not in self._implied[kind]:
            return []
        self._implied[kind].discard(subject)
        return [_stored(each) for each in self.by_manager(subject, kind).values()]

    def towards(self, targets: Iterable[str]) -> list[Claims]:
        """Return the claims that lead to ``targets``: ``same_as`` and aliases."""
        wanted = frozenset(targets)
        found = [each for each in self._reader.claims_towards(wanted) if not self._is_replaced(each)]
        replaced = (
            each for of_kind in self._known.values() for those in of_kind.values() for each in those.values()
        )
        return [*found, *(each for each in replaced if each.target in wanted)]

    def _is_replaced(self, claims: Claims) -> bool:
        return claims.subject in self._known[claims.kind]

    def inherited(self, model_id: str) -> dict[str, Any]:
        """Return what is true of the model that ``model_id`` is claimed to be the same as."""
        fields: dict[str, Any] = {}
        for other in reversed(self.chain(model_id)):
            fields = inheritable(merged(self.ordered(other), fields))
        return fields

    def provenance(self, model_id: str) -> Provenance:
        """Return who says what of a model, what ``same_as`` brings along included."""
        found: Provenance = {}
        for other in reversed(self.chain(model_id)):
            found = inherited_from(other, provenance(self.ordered(other), found))
        return provenance(self.ordered(model_id), found)

    def chain(self, model_id: str) -> list[str]:
        """Return the models that ``model_id`` is the same as, the nearest first, each once."""
        chain: list[str] = []
        here = self._same_as(model_id)
        while here is not None and here != model_id and here not in chain and len(chain) < MAX_SAME_AS_STEPS:
            chain.append(here)
            here = self._same_as(here)
        return chain

    def _same_as(self, model_id: str) -> str | None:
        if not any(SAME_AS in each.fields for each in self.by_manager(model_id).values()):
            return None  # as of nearly all
        other: str | None = merged(self.ordered(model_id)).get(SAME_AS)
        return other


def _with(present: Mapping[Manager, Claims], claims: Claims) -> dict[Manager, Claims]:
    others = {manager: each for manager, each in present.items() if manager != claims.manager}
    return others if claims.is_empty else {**others, claims.manager: claims}


def _stored(implied: Claims) -> Change[Claims]:
    """The change that stores what was implied: nothing is claimed since now that was not before."""
    return Change(Action.CLAIM, implied, implied, implied.manager)


def _replaced(before: Claims | None, after: Claims, *, is_stored: bool) -> list[Change[Claims]]:
    if not after.is_empty:
        return [Change(Action.CLAIM, before, after, after.manager)]
    return [Change(Action.RELEASE, before, None, after.manager)] if before is not None and is_stored else []
