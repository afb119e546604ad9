"""Wanted: what a source claims once its list is applied, made step by step. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime

from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import Manager
from callsheet.domain.sources.absence import Absence
from callsheet.service.sync.absence import count_absence, is_over, without
from callsheet.service.sync.config import New, SourceConfig
from callsheet.service.sync.known import Known
from callsheet.service.sync.quarantine import Cause, Reason
from callsheet.sources.settle import settle
from callsheet.sources.upstream import Listed


class Wanted:
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

    def list(self, listed: Iterable[Listed]) -> None:
        """Claim that these models exist, and their aliases."""
        for each in listed:
            known = self._known.models.get(each.id)
            before = None if known is None else known.fields
            fields = settle(each.fields, before, self._now)
            if self._is_hidden(each.id, known):
                fields = {**fields, "hidden": True}
            is_same = known is not None and known.lists is True and known.fields == fields
            self.models[each.id] = known if known and is_same else Claims(each.id, self._manager, True, fields)
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
                if name in excluded or name in self.models:
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
        aliases = {name: each for name, each in self.aliases.items() if each.target in models}
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
