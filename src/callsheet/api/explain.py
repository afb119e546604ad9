"""Why a caller is answered as it is: the decisions of `answer` about one model, each with its reason."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from callsheet.api.authentication import ANY_KEY, choose_workspace, find_fault, principal_of
from callsheet.api.dialect import OPENAI, Dialect
from callsheet.api.state import State
from callsheet.domain.access.delegation import Delegation, KeyMode
from callsheet.domain.access.grant import Grant
from callsheet.domain.access.keyring import KeyFault, KeyRecord, Principal
from callsheet.domain.access.visibility import SEES_ALL, PatternMatches, Visibility
from callsheet.domain.access.workspace import Workspace
from callsheet.domain.catalog import Catalog
from callsheet.domain.catalog_slice import CatalogSlice
from callsheet.domain.errors import PermissionDeniedError
from callsheet.domain.explain import Check, Explanation, Reason, Step
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.query import find_seen, is_listed

_FAULTS: Final = {
    KeyFault.INACTIVE: Reason.INACTIVE,
    KeyFault.ARCHIVED_WORKSPACE: Reason.ARCHIVED_WORKSPACE,
    KeyFault.EXPIRED: Reason.EXPIRED,
}

_LIFECYCLES: Final = {
    Lifecycle.ACTIVE: Reason.ACTIVE,
    Lifecycle.DEPRECATED: Reason.DEPRECATED,
    Lifecycle.RETIRED: Reason.RETIRED,
}


class Asker(NamedTuple):
    """Who would ask.

    Parameters
    ----------
    key
        The key; None for any key of the workspace.
    workspace_id
        The workspace that the request names, or without a key the one that is meant; None for that of the key.
    dialect
        Whose client asks.
    """

    key: KeyRecord | None = None
    workspace_id: str | None = None
    dialect: Dialect = Dialect.ANTHROPIC


class Admission(NamedTuple):
    """How far a caller gets before a model matters: the checks made, and the workspace by whose rules it sees.

    Where a check does not pass, the workspace is the one that would decide; None if that is not in use.
    """

    steps: tuple[Step, ...]
    workspace: Workspace | None

    @property
    def rules(self) -> Visibility | None:
        """What the caller sees by; None if it is not answered."""
        is_answered = self.workspace is not None and all(step.passes for step in self.steps)
        return self.workspace.visibility if is_answered and self.workspace is not None else None


def admission(state: State, asker: Asker, now: float) -> Admission:
    """Return how far ``asker`` gets at ``now``, in seconds since the epoch, before a model matters."""
    steps: list[Step] = []
    principal = Principal("", asker.workspace_id, 0)
    if asker.key is not None:
        step, principal = _check_key(state, asker.key, now)
        steps.append(step)
    if asker.dialect is OPENAI:
        steps.append(_check_dialect(state))
    step, workspace = _check_workspace(state, asker, principal)
    return Admission((*steps, step), workspace)


def explain(state: State, asker: Asker, name: str, now: float) -> Explanation:
    """Return why ``asker`` sees the model that ``name`` means, or does not.

    What passes is decided by the functions that decide it for `answer`. The checks of a request that no key,
    workspace or model can change, such as that of its version, are left out; for keys that only a gateway knows,
    there is `explain_granted`.

    Parameters
    ----------
    state
        The installation.
    asker
        Who would ask.
    name
        An id or alias, as it is decoded from a path.
    now
        Seconds since the epoch.
    """
    steps, workspace = admission(state, asker, now)
    rules = Visibility() if workspace is None else workspace.visibility.among(state.catalog.has_id)
    named, model_id, model = _check_name(state.catalog, rules, name)
    made = [*steps, named]
    if workspace is not None:
        made.append(_check_rules(state, workspace, rules, model_id))
    made += _check_listed(model)
    return Explanation(name, model_id, None if workspace is None else workspace.id, tuple(made))


def explain_granted(state: State, delegation: Delegation, grant: Grant, dialect: Dialect, name: str) -> Explanation:
    """Return why a delegated key, to which its gateway listed ``grant``, sees what ``name`` means, or does not.

    What is seen is decided by what decides it for `answer`: the slice of the catalogue that the grant shows.

    Parameters
    ----------
    state
        The installation.
    delegation
        Which source was asked, and whose word counts.
    grant
        What the gateway listed.
    dialect
        Whose client asks.
    name
        An id or alias.
    """
    workspace = state.workspaces.get(delegation.workspace_id or state.default_workspace_id)
    if workspace is None:
        key = Step(Check.KEY, False, Reason.ARCHIVED_WORKSPACE, delegation.source)
        return Explanation(name, state.catalog.id_of(name), None, (key,))
    principal = Principal(grant.tag, workspace.id, 0, grant)
    steps = [Step(Check.KEY, True, Reason.ACCEPTED, delegation.source)]
    if dialect is OPENAI:
        steps.append(_check_dialect(state))
    chosen, _ = _check_workspace(state, Asker(), principal)
    steps.append(chosen)
    rules = workspace.visibility.among(state.catalog.has_id)
    part = CatalogSlice(state.catalog, grant.models, grant.former, delegation.mode, rules)
    seen = find_seen(part, SEES_ALL, name)
    granted = _granted_id(state, grant, name) if seen is None else seen.id
    if granted is None:
        named, model_id, _ = _check_name(state.catalog, SEES_ALL, name)
        missing = Step(Check.GRANT, False, Reason.NOT_GRANTED, delegation.source)
        return Explanation(name, model_id, workspace.id, (*steps, named, missing))
    source = grant.models.sources.get(granted, granted)
    steps += _check_granted(state, delegation, name, granted, source, is_seen=seen is not None)
    if delegation.mode is KeyMode.GOVERN:
        steps.append(_check_rules(state, workspace, rules, source))
    else:
        steps.append(Step(Check.RULES, True, Reason.NOT_APPLIED, workspace.id))
    return Explanation(name, granted, workspace.id, (*steps, *_check_listed(seen or state.catalog.get(source))))


def _granted_id(state: State, grant: Grant, name: str) -> str | None:
    """The id of the gateway that a name means; None if it listed none."""
    stated = grant.models.stated
    return next((each for each in (name, state.catalog.id_of(name)) if each in stated), None)


def _check_granted(
    state: State, delegation: Delegation, name: str, granted: str, source: str, *, is_seen: bool
) -> list[Step]:
    reason = Reason.ID if granted == name else Reason.ALIAS
    exists = is_seen or state.catalog.get(source) is not None
    if not exists:
        reason = Reason.REMOVED if state.catalog.is_tombstone(source) else Reason.UNKNOWN
    return [
        Step(Check.NAME, exists, reason, granted if exists else ""),
        Step(Check.GRANT, True, Reason.GRANTED, delegation.source),
    ]


def _check_listed(model: Model | None) -> Iterator[Step]:
    if model is not None:
        is_shown = is_listed(Lifecycle.ACTIVE, hidden=model.hidden)
        yield Step(Check.HIDDEN, is_shown, Reason.SHOWN if is_shown else Reason.HIDDEN, model.id)
        is_in_use = is_listed(model.lifecycle, hidden=False)
        yield Step(Check.LIFECYCLE, is_in_use, _LIFECYCLES[model.lifecycle], model.id)


def _check_dialect(state: State) -> Step:
    is_answered = state.options.openai_dialect
    return Step(Check.DIALECT, is_answered, Reason.ANSWERED if is_answered else Reason.NOT_ANSWERED)


def _check_key(state: State, key: KeyRecord, now: float) -> tuple[Step, Principal]:
    fault = find_fault(state, key, now)
    if fault is None:
        return Step(Check.KEY, True, Reason.WORKS, key.key_id), principal_of(key)
    if state.options.any_key:
        return Step(Check.KEY, True, Reason.ANY_KEY, key.key_id), ANY_KEY
    return Step(Check.KEY, False, _FAULTS[fault], key.key_id), principal_of(key)


def _check_workspace(state: State, asker: Asker, principal: Principal) -> tuple[Step, Workspace | None]:
    """The step, and the workspace; that of a key which does not work may be archived."""
    own = principal.workspace_id
    wanted = asker.workspace_id if asker.key is not None else None
    subject = wanted or own or state.default_workspace_id
    if subject not in state.workspaces:
        return Step(Check.WORKSPACE, False, Reason.ARCHIVED, subject), None
    try:
        workspace = choose_workspace(state, principal, None if wanted is None else wanted.encode())
    except PermissionDeniedError:
        return Step(Check.WORKSPACE, False, Reason.NOT_AVAILABLE, subject), None
    reason = Reason.CHOSEN if wanted is not None else Reason.DEFAULT if own is None else Reason.OWN
    return Step(Check.WORKSPACE, True, reason, workspace.id), workspace


def _check_name(catalog: Catalog, rules: Visibility, name: str) -> tuple[Step, str, Model | None]:
    """The step, the id of the model that a name means, and that model; one that the rules show goes first."""
    meant = catalog.id_of(name)
    model = find_seen(catalog, rules, name) or catalog.get(name) or catalog.get(meant)
    if model is not None:
        reason = Reason.ID if model.id == name else Reason.ALIAS
        return Step(Check.NAME, True, reason, model.id), model.id, model
    if meant != name:
        reason = Reason.ORPHAN_ALIAS
    else:
        reason = Reason.REMOVED if catalog.is_tombstone(name) else Reason.UNKNOWN
    return Step(Check.NAME, False, reason), meant, None


def _check_rules(state: State, workspace: Workspace, rules: Visibility, model_id: str) -> Step:
    passes = rules.sees(model_id)
    matches = PatternMatches(model_id, state.catalog.has_id)
    patterns = matches.among(rules.deny)
    if patterns:
        return Step(Check.RULES, passes, Reason.DENIED, workspace.id, patterns)
    if not rules.allow:
        return Step(Check.RULES, passes, Reason.NO_RULES, workspace.id)
    patterns = matches.among(rules.allow)
    if patterns:
        return Step(Check.RULES, passes, Reason.ALLOWED, workspace.id, patterns)
    return Step(Check.RULES, passes, Reason.NOT_ALLOWED, workspace.id, rules.allow)
