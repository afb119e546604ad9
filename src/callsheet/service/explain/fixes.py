"""Fixes: the smallest changes that would bring a model within reach, each tried on a copy of the State."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias

from callsheet.api.explain import explain
from callsheet.api.state import State
from callsheet.domain.access.key import APIKey, KeyStatus
from callsheet.domain.access.visibility import NOTHING, PatternMatches
from callsheet.domain.changes.aliases import add_alias
from callsheet.domain.changes.change import AnyChange
from callsheet.domain.changes.choosing import Chosen
from callsheet.domain.changes.keys import KeyChange, change_key, enable_key
from callsheet.domain.changes.models import add_model, change_model, unhide_models
from callsheet.domain.changes.releasing import release
from callsheet.domain.changes.workspaces import change_workspace
from callsheet.domain.claims.claims import ClaimKind
from callsheet.domain.claims.manager import PERSON
from callsheet.domain.edits import ModelChange
from callsheet.domain.errors import RefusedError
from callsheet.domain.explain import Check, Explanation, Step
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.plan.impact import MODEL_GROUPS
from callsheet.domain.plan.plan import Plan
from callsheet.domain.plan.step import steps_of
from callsheet.domain.query import Reach
from callsheet.service.explain.seeing import what_sees
from callsheet.service.explain.subject import Subject
from callsheet.service.impact import judge
from callsheet.service.provenance import who_lists
from callsheet.service.state.changed import changed_state
from callsheet.storage.reading import Reading

_MAX_NAMES: Final = 10_000  # that a misspelt one is compared with; more would take too long
_MIN_SIMILARITY: Final = 0.8  # of 1
_REACHES: Final = (Reach.ABSENT, Reach.RETRIEVABLE, Reach.LISTED)


class RemedyKind(StrEnum):
    """What is done; the command line and other doors have a command for each."""

    ENABLE_KEY = "enable-key"
    RENEW_KEY = "renew-key"
    MOVE_KEY = "move-key"
    RELEASE = "release"
    ADD = "add"
    ALIAS = "alias"
    CHANGE_RULES = "change-rules"
    UNHIDE = "unhide"
    ACTIVATE = "activate"


class Remedy(NamedTuple):
    """One thing to do.

    Parameters
    ----------
    kind
        What.
    subject
        The id of what it is done to; of an alias, the alias.
    target
        The workspace that a key moves to, or the model that an alias is to mean; else empty.
    allow, deny
        The rules that a workspace is to have.
    """

    kind: RemedyKind
    subject: str
    target: str = ""
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fix:
    """What brings a model within reach.

    Parameters
    ----------
    remedies
        What to do, in this order.
    reach
        How far the model is within reach then.
    """

    remedies: tuple[Remedy, ...]
    reach: Reach
    _state: State = field(repr=False)
    _changes: tuple[AnyChange, ...] = field(repr=False)
    _now: datetime = field(repr=False)

    @cached_property
    def plan(self) -> Plan:
        """All changes that follow, and what they mean to everyone.

        It is made when it is first asked for: new rules mean a look at every model of the catalogue.
        """
        judged = judge(self._state, self._changes, self._now)
        return Plan(
            installation=self._state.organization_id,
            base_revision=self._state.revision,
            manager=PERSON,
            steps=steps_of(self._changes, PERSON),
            impact=judged.impact,
            warnings=judged.warnings,
        )


#: Things to do together, and the changes that follow.
_Option: TypeAlias = tuple[tuple[Remedy, ...], Sequence[AnyChange]]

#: Checks that changes of the same thing turn; one of them is changed once.
_AREAS: Final = {
    Check.KEY: Check.KEY,
    Check.NAME: Check.NAME,
    Check.RULES: Check.RULES,
    Check.HIDDEN: Check.NAME,
    Check.LIFECYCLE: Check.NAME,
}


class _Trial(NamedTuple):
    """A copy of the State with some changes made."""

    state: State
    remedies: tuple[Remedy, ...] = ()
    changes: tuple[AnyChange, ...] = ()
    areas: frozenset[Check] = frozenset()


def find_fixes(
    reading: Reading, state: State, subject: Subject, name: str, now: datetime, *, by_breadth: bool = True
) -> list[Fix]:
    """Return what would bring the model that ``name`` means closer to ``subject``; the smallest change first.

    Each is tried on a copy of ``state``: only what turns the answer is returned. What no change of keys, models or
    rules can turn, such as an archived key, has none.

    Parameters
    ----------
    reading, state
        The installation, of one moment.
    subject
        Who asks.
    name
        An id or alias.
    now
        The time (aware).
    by_breadth
        Whether of equally many changes those that affect fewer callers come first, for which all plans are made.
    """
    search = _Search(reading, subject, name, now)
    trial = _Trial(state)
    present = search.explain(state).reach
    if present is Reach.LISTED:
        return []
    found = ((each, search.explain(each.state).reach) for each in search.pursue(trial))
    better = [(each, reach) for each, reach in found if _REACHES.index(reach) > _REACHES.index(present)]
    fixes = [Fix(each.remedies, reach, state, each.changes, now) for each, reach in better]
    if len(fixes) > 1:
        breadth = _breadth if by_breadth else (lambda _fix: 0)
        fixes.sort(key=lambda each: (-_REACHES.index(each.reach), len(each.remedies), breadth(each)))
    return fixes


def _breadth(fix: Fix) -> int:
    """How much changes for how many."""
    return sum(
        (each.keys + len(each.workspaces)) * sum(len(getattr(each, group)) for group in MODEL_GROUPS)
        for each in fix.plan.impact.audiences
    )


class _Search:
    """The search for fixes for one subject and one name."""

    def __init__(self, reading: Reading, subject: Subject, name: str, now: datetime) -> None:
        self._reading = reading
        self._subject = subject
        self._name = name
        self._now = now

    def explain(self, state: State) -> Explanation:
        """Return how far the model is within reach in ``state``."""
        return explain(state, self._subject.asker(state), self._name, self._now.timestamp())

    def pursue(self, trial: _Trial) -> list[_Trial]:
        """Return where the changes lead that turn one check after the other, as far as there are any."""
        explanation = self.explain(trial.state)
        step = explanation.obstacle
        area = None if step is None else _AREAS.get(step.check)
        if step is None or area is None or area in trial.areas:
            return [trial]
        found = [
            end
            for remedies, changes in self._options(trial.state, explanation, step)
            for end in self.pursue(
                _Trial(
                    changed_state(trial.state, changes),
                    trial.remedies + remedies,
                    (*trial.changes, *changes),
                    trial.areas | {area},
                )
            )
        ]
        return found or [trial]

    def _options(self, state: State, explanation: Explanation, step: Step) -> Iterator[_Option]:
        match step.check:
            case Check.KEY:
                decide = self._key_options(state)
            case Check.NAME:
                decide = self._name_options(state, explanation)
            case Check.RULES:
                decide = self._rule_options(state, explanation, step)
            case _:
                decide = self._model_options(state, explanation)
        while True:
            try:
                yield next(decide)
            except (RefusedError, StopIteration):
                return

    def _key_options(self, state: State) -> Iterator[_Option]:
        key = self._subject.key
        if key is None or key.status is KeyStatus.ARCHIVED:
            return
        remedies: list[Remedy] = []
        changes: list[AnyChange] = []
        after: APIKey = key
        if key.status is KeyStatus.DISABLED:
            enabled = enable_key(key)
            remedies.append(Remedy(RemedyKind.ENABLE_KEY, key.id))
            changes += enabled
            after = enabled[0].value
        wanted = KeyChange()
        if key.is_expired(self._now):
            wanted["expires_at"] = None
            remedies.append(Remedy(RemedyKind.RENEW_KEY, key.id))
        if key.workspace_id is not None and key.workspace_id not in state.workspaces:
            wanted["workspace"] = state.default_workspace_id
            remedies.append(Remedy(RemedyKind.MOVE_KEY, key.id, state.default_workspace_id))
        if wanted:
            changes += change_key(self._reading, after, wanted, self._now)
        yield tuple(remedies), changes

    def _name_options(self, state: State, explanation: Explanation) -> Iterator[_Option]:
        name, model_id = self._name, explanation.model_id
        for subject, kind in ((name, ClaimKind.MODEL), (name, ClaimKind.ALIAS), (model_id, ClaimKind.MODEL)):
            said = who_lists(self._reading, subject, kind)
            if said and said[0].value is False and said[0].manager == str(PERSON):
                yield (Remedy(RemedyKind.RELEASE, subject),), release(self._reading, subject)
                return
        near = self._near(state) if model_id == name else None
        if near is not None:
            yield (Remedy(RemedyKind.ALIAS, name, near),), add_alias(self._reading, name, near)
        model = Model(id=model_id, display_name=model_id)
        yield (Remedy(RemedyKind.ADD, model_id),), add_model(self._reading, model, self._now)

    def _near(self, state: State) -> str | None:
        """The id of a model listed for the subject that the name may be a misspelling of."""
        if len(state.catalog) > _MAX_NAMES:
            return None
        seen = what_sees(state, self._subject.asker(state), self._now.timestamp())
        ids = [model.id for model, reach in seen if reach is Reach.LISTED]
        return next(iter(get_close_matches(self._name, ids, 1, _MIN_SIMILARITY)), None)

    def _rule_options(self, state: State, explanation: Explanation, step: Step) -> Iterator[_Option]:
        workspace = state.workspaces[step.subject]
        allow, deny, _ = workspace.visibility
        matches = PatternMatches(explanation.model_id, state.catalog.has_id)
        denying = frozenset(matches.among(deny))
        deny = tuple(pattern for pattern in deny if pattern not in denying)
        if allow and not matches.among(allow):
            allow = (*(pattern for pattern in allow if pattern != NOTHING), explanation.model_id)
        remedy = Remedy(RemedyKind.CHANGE_RULES, workspace.id, allow=allow, deny=deny)
        yield (remedy,), change_workspace(self._reading, workspace, {"allow": allow, "deny": deny})

    def _model_options(self, state: State, explanation: Explanation) -> Iterator[_Option]:
        model = state.catalog.get(explanation.model_id)
        if model is None:
            return
        remedies: list[Remedy] = []
        wanted = ModelChange()
        if model.hidden:
            wanted["hidden"] = False
            remedies.append(Remedy(RemedyKind.UNHIDE, model.id))
        if model.lifecycle is Lifecycle.RETIRED:
            wanted["lifecycle"] = Lifecycle.ACTIVE
            remedies.append(Remedy(RemedyKind.ACTIVATE, model.id))
        if "lifecycle" in wanted:
            yield tuple(remedies), change_model(self._reading, model, wanted, self._now)
        else:
            yield tuple(remedies), unhide_models(self._reading, [Chosen(model)])
