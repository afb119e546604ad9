"""Facts: what the program knows of models on a day, as the claims of `BUILTIN`."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property, lru_cache

from callsheet import __version__
from callsheet.domain.changes.naming import Naming
from callsheet.domain.claims.builtin_mode import BuiltinMode
from callsheet.domain.claims.claims import ClaimKind, Claims
from callsheet.domain.claims.manager import BUILTIN
from callsheet.domain.claims.values import claimed_by
from callsheet.domain.model import Lifecycle, Model, RetirementPrecision
from callsheet.domain.times import format_instant
from callsheet.service.builtin import builtin_catalog, facts_date


@dataclass(frozen=True)
class Facts:
    """What the program knows of models, on one day.

    Parameters
    ----------
    models, aliases
        As `builtin_catalog` returns them.
    as_of
        The day up to which they were gathered, such as ``2026-11-29``.
    turned
        The last day on which one of ``models`` retired by itself, such as ``2026-11-30``; empty if none has.
    """

    models: Sequence[Model]
    aliases: Mapping[str, str]
    as_of: str
    turned: str = ""

    @classmethod
    def built_in(cls, now: datetime) -> "Facts":
        """Return those that this release ships, as they are at ``now``; they are read once."""
        return _shipped_at(_shipped().last_turn(now))

    def last_turn(self, now: datetime) -> datetime | None:
        """Return when a model of these last retired by itself until ``now``; None if none has."""
        return max((day for model in self.models if (day := _turn_of(model)) and day <= now), default=None)

    def at(self, now: datetime) -> "Facts":
        """Return the facts of ``now``: what is to retire at a time that has come, and is exact, is retired."""
        turned = self.last_turn(now)
        if turned is None:
            return self
        models = [_at(model, now) for model in self.models]
        return replace(self, models=models, turned=format_instant(turned)[:10])

    @cached_property
    def mark(self) -> str:
        """What differs between these facts and those of another day or release; see `outdates`."""
        said = [[claims.subject, claims.record()["fields"]] for claims in self.claims(BuiltinMode.LIST)]
        digest = hashlib.sha256(json.dumps([__version__, said]).encode()).hexdigest()
        return f"{self.as_of} {self.turned or '-'} {__version__} {digest[:16]}"

    def outdates(self, mark: str | None) -> bool:
        """Return whether these facts differ from those with ``mark``, and are not of an earlier release or day.

        So two releases side by side, or two clocks, do not replace each other's facts in turn.
        """
        own = self.mark
        return mark is None or (mark != own and _age_of(own) >= _age_of(mark))

    def claims(self, mode: BuiltinMode) -> Iterator[Claims]:
        """Yield what is claimed of each built-in model and alias."""
        lists = True if mode is BuiltinMode.LIST else None
        for model in self.models:
            fields = {**claimed_by(model), "lifecycle": model.lifecycle.value}
            yield Claims(model.id, BUILTIN, lists, fields)
        for alias, model_id in self.aliases.items():
            yield Claims(alias, BUILTIN, lists, {"model_id": model_id}, ClaimKind.ALIAS)

    def naming(self) -> Naming:
        """Return what these facts say of the names that other platforms give to the models."""
        return Naming({model.id: model.record() for model in self.models}, self.aliases)


@cache
def _shipped() -> Facts:
    return Facts(*builtin_catalog(), facts_date())


@lru_cache(maxsize=4)
def _shipped_at(turn: datetime | None) -> Facts:
    """The facts of every time from ``turn``, at which a model retires, until the next one does."""
    return _shipped() if turn is None else _shipped().at(turn)


def _age_of(mark: str) -> tuple[str, str, tuple[int, ...]]:
    """The day and the release of the facts with this mark, in a form that can be compared."""
    as_of, turned, *rest = mark.split()
    version = rest[0] if len(rest) > 1 else ""  # that of a release whose marks named none
    return as_of, turned, tuple(map(int, re.findall(r"\d+", version)))


def _turn_of(model: Model) -> datetime | None:
    """When a model retires by itself, if it has not yet."""
    is_exact = model.retirement_precision is RetirementPrecision.EXACT
    return model.retires_at if model.lifecycle is Lifecycle.DEPRECATED and is_exact else None


def _at(model: Model, now: datetime) -> Model:
    turn = _turn_of(model)
    return replace(model, lifecycle=Lifecycle.RETIRED) if turn is not None and turn <= now else model
