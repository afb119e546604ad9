"""Decide: what a list means for what its source claims, and whether that may be applied. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.sources.absence import Absence
from callsheet.service.sync.absence import count_absence, is_over, without
from callsheet.service.sync.config import New, SourceConfig
from callsheet.service.sync.quarantine import Cause, Reason, collide, judge
from callsheet.sources.settle import settle
from callsheet.sources.upstream import Listed

#: Why a model that is held may be rejected.
APPEARED: Final = "new"


class Outcome(StrEnum):
    """How a run ends. The values are what databases hold."""

    UNCHANGED = "unchanged"
    APPLIED = "applied"
    QUARANTINED = "quarantined"
    FAILED = "failed"


class Known(NamedTuple):
    """What a source said until now.

    Parameters
    ----------
    models, aliases
        What it claims of each.
    absences
        Which of them it no longer lists.
    rejected
        Names of which a person rejected what it said, with the `Cause`, or `APPEARED`. They stay as they are.
    """

    models: Mapping[str, Claims]
    aliases: Mapping[str, Claims]
    absences: Mapping[str, Absence]
    rejected: Mapping[str, str]


class Said(NamedTuple):
    """What a source says now.

    Parameters
    ----------
    listed
        The models that it lists, as chosen by its configuration.
    excluded
        Models and aliases that it would list still, had its configuration not changed since the last good run.
    """

    listed: Sequence[Listed]
    excluded: Collection[str] = frozenset()


class Surroundings(NamedTuple):
    """What others say of the names that are new in a list.

    Parameters
    ----------
    aliases
        Those that are aliases of others, with the model that each means.
    models
        Those that are models.
    claims
        What other sources claim of them.
    yielding
        Those that are aliases only because the built-in facts say so: a model of a source outranks them.
    """

    aliases: Mapping[str, str]
    models: Collection[str]
    claims: Mapping[str, Sequence[Claims]]
    yielding: Collection[str] = frozenset()


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
    wanted = _Wanted(manager, config, known, now, accepts=accepts)
    if config.is_enrichment:
        wanted.inform(said.listed, surroundings.models)
    else:
        wanted.list(said.listed, surroundings.yielding)
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


class _Wanted:
    """What a source claims from now on, made step by step."""

    def __init__(
        self, manager: Manager, config: SourceConfig, known: Known, now: datetime, *, accepts: bool
    ) -> None:
        self._manager = manager
        self._config = config
        self._known = known
        self._now = now
        self._accepts = accepts
        self.models: dict[str, Claims] = {}
        self.aliases: dict[str, Claims] = {}
        self.others: dict[tuple[ClaimKind, str], Claims] = {}
        """Of what is not listed: models and aliases."""
        self.absences: dict[str, Absence] = {}

    def list(self, listed: Iterable[Listed], yielding: Collection[str]) -> None:
        """Claim that these models exist, and their aliases; built-in aliases of the same name do not."""
        for each in listed:
            known = self._known.models.get(each.id)
            before = None if known is None else known.fields
            fields = settle(each.fields, before, self._now)
            if self._is_hidden(each.id, known):
                fields = {**fields, "hidden": True}
            is_same = known is not None and known.lists is True and known.fields == fields
            self.models[each.id] = known if known and is_same else Claims(each.id, self._manager, True, fields)
            if each.id in yielding:
                self.aliases[each.id] = Claims(each.id, self._manager, lists=False, kind=ClaimKind.ALIAS)
            for alias in each.aliases:
                claims = Claims(alias, self._manager, True, {"model_id": each.id}, ClaimKind.ALIAS)
                self.aliases[alias] = _same(self._known.aliases.get(alias), claims)

    def inform(self, listed: Iterable[Listed], existing: Collection[str]) -> None:
        """Claim facts of those of these models that exist."""
        for each in listed:
            if each.id in existing:
                known = self._known.models.get(each.id)
                fields = settle(each.fields, None if known is None else known.fields, self._now)
                if fields:
                    self.models[each.id] = _same(known, Claims(each.id, self._manager, None, fields))
        for name in self._known.models.keys() - set(existing):
            self.others[ClaimKind.MODEL, name] = Claims(name, self._manager)

    def reject(self, collisions: Iterable[Reason], excluded: Collection[str], *, accepts: bool) -> dict[str, str]:
        """Leave what a person rejected as it was; return what of that still differs.

        A name that another holds is left to it, if a person accepts the list in spite of that.
        """
        colliding = {reason.subjects[0] for reason in collisions}
        rejected = {} if accepts else dict(self._known.rejected)
        if accepts:
            rejected = dict.fromkeys(colliding, str(Cause.COLLISION))
        remaining = {}
        for name, cause in rejected.items():
            if name in excluded or (cause == Cause.COLLISION and name not in colliding):
                continue
            if self._restore(name):
                remaining[name] = cause
        return remaining

    def _restore(self, name: str) -> bool:
        """Let ``name`` be claimed as it was; return whether that makes a difference."""
        for wanted, known in ((self.models, self._known.models), (self.aliases, self._known.aliases)):
            before, after = known.get(name), wanted.get(name)
            if before is None and after is None:
                continue
            if before is None:
                del wanted[name]
            else:
                wanted[name] = before
            return before != after
        return False

    def miss(self, excluded: Collection[str]) -> set[str]:
        """Decide on what is not listed; return the models that were until now, and are not excluded.

        An alias that has become a model is released at once.
        """
        gone: set[str] = set()
        for known, wanted in ((self._known.models, self.models), (self._known.aliases, self.aliases)):
            for name, claims in known.items():
                if name in wanted or (claims.kind, name) in self.others:
                    continue
                is_there = name in self._known.models or name in self.models
                if claims.lists is False and is_there and name not in excluded:
                    self.aliases[name] = claims  # a built-in alias yields as long as the model is there
                elif name in excluded or name in self.models:
                    self.others[claims.kind, name] = Claims(name, self._manager, kind=claims.kind)
                else:
                    if claims.kind is ClaimKind.MODEL and name not in self._known.absences:
                        gone.add(name)
                    self._miss(name, claims)
        return gone

    def _miss(self, name: str, claims: Claims) -> None:
        absence = count_absence(name, self._known.absences.get(name), self._now)
        self.absences[name] = absence
        if self._config.is_enrichment:
            return  # the facts that it knew last still hold
        if self._accepts or is_over(self._config.grace, absence, self._now):
            self.others[claims.kind, name] = without(claims, self._config.missing, absence.since)

    def hold(self) -> tuple[Claims, ...]:
        """Take away the models that are new, and their aliases; return them."""
        models = {name: each for name, each in self.models.items() if name not in self._known.models}
        aliases = {name: each for name, each in self.aliases.items() if each.target in models or name in models}
        for name in models:
            del self.models[name]
        for name in aliases:
            del self.aliases[name]
        return (*models.values(), *aliases.values())

    def changes(self) -> tuple[Claims, ...]:
        """Return what is claimed otherwise than before."""
        wanted = (*self.models.values(), *self.aliases.values(), *self.others.values())
        return tuple(each for each in wanted if self._differs(each))

    def _differs(self, claims: Claims) -> bool:
        known = self._known.models if claims.kind is ClaimKind.MODEL else self._known.aliases
        before = known.get(claims.subject)
        return before is not claims and (not claims.is_empty if before is None else before != claims)

    def _is_hidden(self, model_id: str, known: Claims | None) -> bool:
        """Whether a model that is listed is claimed to be hidden: if it appeared so, and as long as it is there.

        One that is back is as if it had never been away. It may be hidden only because it was: by an acceptance,
        or after a grace that has been made longer since.
        """
        hides = self._config.new is New.HIDE
        if known is None:
            return hides
        absence, was_hidden = self._known.absences.get(model_id), known.fields.get("hidden") is True
        if absence is None:
            return was_hidden
        return hides and (was_hidden or is_over(self._config.grace, absence, self._now))


def _same(known: Claims | None, claims: Claims) -> Claims:
    """The claims as they were, if they are equal: that makes the next comparisons quick."""
    return known if known is not None and known == claims else claims


def _collisions(known: Known, wanted: _Wanted, surroundings: Surroundings) -> list[Reason]:
    new = [each for name, each in wanted.models.items() if name not in known.models]
    targets = {
        name: each.fields["model_id"]
        for name, each in wanted.aliases.items()
        if name not in known.aliases and each.lists
    }
    aliases = {name: means for name, means in surroundings.aliases.items() if name not in known.aliases}
    return collide(new, aliases, targets, surroundings.models, surroundings.claims)


def _counts(
    known: Known, wanted: _Wanted, changed: Sequence[Claims], held: Sequence[Claims], rejected: Mapping[str, str]
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
