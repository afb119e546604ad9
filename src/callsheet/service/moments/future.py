"""FutureReading: what services read of a moment to come, if nothing but time passes until then."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from callsheet.domain.alias import Alias
from callsheet.domain.changes.change import AnyChange, ChangeRecord, Subject
from callsheet.domain.changes.choosing import Chosen
from callsheet.domain.changes.models import retire_models
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.model import Model
from callsheet.domain.retirement.stage import is_due
from callsheet.service.facts import Facts
from callsheet.service.moments.differing import Differing
from callsheet.service.moments.reading import Differences, MomentReading
from callsheet.service.renewal import renewing_changes
from callsheet.storage.transactions.read import Installation, ReadTransaction

_LAST: Final = 2**62  # above the number of every change record

#: What is claimed of one thing, by who claims it; None where nothing is claimed any more.
_ByManager = dict[Manager, Claims | None]


def turned_by(present: ReadTransaction, at: datetime) -> Sequence[AnyChange]:
    """Return what dates alone change until ``at`` (aware): models that retire themselves, and built-in ones, do."""
    due = [Chosen(model) for model in present.models_that_retire_themselves() if is_due(model, at)]
    retired = retire_models(present, due, at)
    return [*retired, *renewing_changes(FutureReading(present, retired), Facts.built_in(at))]


class FutureReading(MomentReading):
    """What there will be at a moment to come, if nothing but time passes until then: a `Reading`.

    Parameters
    ----------
    present
        The transaction that it is read in.
    changes
        What time makes of the present.
    """

    def __init__(self, present: ReadTransaction, changes: Sequence[AnyChange]) -> None:
        super().__init__(present, _differences(changes))
        self._claims: dict[tuple[ClaimKind, str], _ByManager] = {}
        for change in changes:
            if isinstance(change.value, Claims):
                by_manager = self._claims.setdefault((change.value.kind, change.value.subject), {})
                by_manager[change.value.manager] = None if change.after is None else change.value

    def turned(self, kind: Subject) -> Iterable[str]:
        """Return the ids of the models, or the aliases, that a date makes other than they are now."""
        if kind is Subject.MODEL:
            return self._different.models.everything().keys()
        return self._different.aliases.everything().keys() if kind is Subject.ALIAS else ()

    def installation(self) -> Installation | None:
        """Return the installation, as it is."""
        return self._present.installation()

    def last_change(self, revision: int) -> tuple[int, str] | None:
        """Return number and time of the last change record of ``revision``."""
        return self._present.last_change(revision)

    def models_beyond(self, beyond: str | None, limit: int, *, backwards: bool) -> list[str]:
        """Return ids in their order, among them of all models of the moment that come next."""
        found = self._present.models_then_or_now(_LAST, beyond, limit, backwards=backwards)
        turned = (each for each, model in self._different.models.everything().items() if model is not None)
        added = [each for each in turned if beyond is None or (each < beyond if backwards else each > beyond)]
        return sorted({*found, *added}, reverse=backwards)[:limit] if set(added) - set(found) else found

    def changes_of(self, subjects: Iterable[str]) -> Iterator[ChangeRecord]:
        """Yield every change record of these subjects, in no order."""
        return self._present.changes_of(subjects)

    def claims_of(self, subjects: Iterable[str], kind: ClaimKind = ClaimKind.MODEL) -> Mapping[str, list[Claims]]:
        """Return subject to the claims that will be on it."""
        wanted = list(dict.fromkeys(subjects))
        stored = self._present.claims_of(wanted, kind)
        found: dict[str, list[Claims]] = {}
        for subject in wanted:
            claims = self._then(subject, kind, stored.get(subject, ()))
            if claims:
                found[subject] = claims
        return found

    def claims_towards(self, targets: Iterable[str]) -> Iterator[Claims]:
        """Yield the claims that will lead to one of these models."""
        wanted = set(targets)
        yield from self._unchanged(self._present.claims_towards(wanted))
        yield from (each for each in self._changed() if each.target in wanted)

    def claims_by(self, manager: Manager, kind: ClaimKind | None = None) -> Iterator[Claims]:
        """Yield the claims of this manager."""
        yield from self._unchanged(self._present.claims_by(manager, kind))
        yield from (each for each in self._changed() if each.manager == manager and kind in (None, each.kind))

    def suppressions(self, kind: ClaimKind = ClaimKind.MODEL) -> Iterator[Claims]:
        """Yield the claims that a model, or an alias, will not exist."""
        yield from self._unchanged(self._present.suppressions(kind))
        yield from (each for each in self._changed() if each.lists is False and each.kind is kind)

    def _then(self, subject: str, kind: ClaimKind, stored: Iterable[Claims]) -> list[Claims]:
        changed = self._claims.get((kind, subject), {})
        kept = [each for each in stored if each.manager not in changed]
        return [*kept, *(each for each in changed.values() if each is not None)]

    def _unchanged(self, stored: Iterable[Claims]) -> Iterator[Claims]:
        return (each for each in stored if each.manager not in self._claims.get((each.kind, each.subject), {}))

    def _changed(self) -> Iterator[Claims]:
        return (each for those in self._claims.values() for each in those.values() if each is not None)


def _differences(changes: Iterable[AnyChange]) -> Differences:
    models: dict[str, Model | None] = {}
    aliases: dict[str, str | None] = {}
    tombstones: dict[str, str | None] = {}
    for change in changes:
        is_there = change.after is not None
        match change.value:
            case Model() as model:
                models[model.id] = model if is_there else None
                tombstones[model.id] = None if is_there else model.sort_key
            case Alias(alias, model_id):
                aliases[alias] = model_id if is_there else None
    return Differences(
        models=Differing.of(models),
        aliases=Differing.of(aliases),
        tombstones=Differing.of(tombstones),
        workspaces=Differing.of({}),
        keys=Differing.of({}),
        sources=Differing.of({}),
    )
