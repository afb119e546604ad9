"""Decide: what a list means for what its source claims, and whether that may be applied. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.sources.absence import Absence
from callsheet.service.sync.config import New, SourceConfig
from callsheet.service.sync.known import Known, Said, Surroundings
from callsheet.service.sync.quarantine import Reason, collide, judge
from callsheet.service.sync.wanted import Wanted
from callsheet.sources.upstream import Listed


class Outcome(StrEnum):
    """How a run ends. The values are what databases hold."""

    UNCHANGED = "unchanged"
    APPLIED = "applied"
    QUARANTINED = "quarantined"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a run comes to.

    Parameters
    ----------
    changed
        What the source claims otherwise than before; empty claims are released.
    absences, returned
        The absences to keep, and the names of those that are over.
    held
        Claims on models that wait for a person.
    reasons
        Why the whole list waits for a person; then nothing of it counts.
    rejected
        As `Known.rejected`, of what still differs.
    counts
        How many names there are of each kind.
    """

    changed: tuple[Claims, ...]
    absences: tuple[Absence, ...]
    returned: tuple[str, ...]
    held: tuple[Claims, ...]
    reasons: tuple[Reason, ...]
    rejected: Mapping[str, str]
    counts: Mapping[str, int]

    @property
    def outcome(self) -> Outcome:
        """How the run ends, if it can be written."""
        if self.reasons:
            return Outcome.QUARANTINED
        return Outcome.APPLIED if self.changed else Outcome.UNCHANGED


def names_that_are_new(known: Known, said: Said) -> list[str]:
    """Return the names, of models and aliases, that the source has not listed before."""
    ids = (each.id for each in said.listed if each.id not in known.models)
    aliases = (alias for each in said.listed for alias in each.aliases if alias not in known.aliases)
    return [*ids, *aliases]


def decide(
    manager: Manager,
    config: SourceConfig,
    known: Known,
    said: Said,
    surroundings: Surroundings,
    now: datetime,
    *,
    accepts: bool = False,
) -> Decision:
    """Return what a list comes to.

    Parameters
    ----------
    surroundings
        Of `names_that_are_new`; of an enrichment, `Surroundings.models` are all models that exist.
    now
        When the list was fetched (aware).
    accepts
        Whether a person accepts the list as it is: what is gone needs no grace, and what is new is not held.
    """
    wanted = Wanted(manager, config, known, now, accepts=accepts)
    if config.is_enrichment:
        wanted.inform(said.listed, surroundings.models)
    else:
        wanted.list(said.listed)
    collisions = [] if config.is_enrichment else _collisions(known, wanted, surroundings)
    rejected = wanted.reject(collisions, said.excluded, accepts=accepts)
    gone = wanted.miss(said.excluded)
    present = len(known.models.keys() - known.absences.keys() - set(said.excluded))
    reasons = [] if accepts else judge(_without_guesses(known.models, said.listed), wanted.models, gone, present)
    new_collisions = [] if accepts else [each for each in collisions if each.subjects[0] not in known.rejected]
    held = wanted.hold() if config.new is New.HOLD and not (accepts or config.is_enrichment) else ()
    changed = wanted.changes()
    return Decision(
        changed=changed,
        absences=tuple(wanted.absences.values()),
        returned=tuple(known.absences.keys() - wanted.absences.keys()),
        held=held,
        reasons=(*reasons, *new_collisions),
        rejected=rejected,
        counts=_counts(known, wanted, changed, held, rejected),
    )


def _without_guesses(models: Mapping[str, Claims], listed: Iterable[Listed]) -> Mapping[str, Claims]:
    """What was claimed of models, without values that held only until the upstream stated what it serves."""
    found = dict(models)
    for each in listed:
        claims = found.get(each.id)
        if claims is not None and each.guessed:
            kept = {name: value for name, value in claims.fields.items() if each.guessed.get(name) != value}
            found[each.id] = replace(claims, fields=kept)
    return found


def _collisions(known: Known, wanted: Wanted, surroundings: Surroundings) -> list[Reason]:
    new = [each for name, each in wanted.models.items() if name not in known.models]
    targets = {
        name: each.fields["model_id"]
        for name, each in wanted.aliases.items()
        if name not in known.aliases and each.lists
    }
    aliases = {name: means for name, means in surroundings.aliases.items() if name not in known.aliases}
    return collide(new, aliases, targets, surroundings.models, surroundings.claims)


def _counts(
    known: Known, wanted: Wanted, changed: Sequence[Claims], held: Sequence[Claims], rejected: Mapping[str, str]
) -> dict[str, int]:
    kinds = Counter(each.kind for each in held)
    models = [each for each in changed if each.kind is ClaimKind.MODEL]
    return {
        "listed": len(wanted.models) + kinds[ClaimKind.MODEL],
        "new": sum(each.subject not in known.models for each in models),
        "changed": sum(each.subject in known.models for each in models),
        "missing": sum(name in known.models for name in wanted.absences),
        "held": kinds[ClaimKind.MODEL],
        "rejected": len(rejected),
    }
