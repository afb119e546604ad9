"""Delegated keys: why one that only a gateway knows sees a model, or does not; the gateway is asked."""

import asyncio
from typing import Final

from callsheet.api.dialect import Dialect
from callsheet.api.explain import Asker, explain, explain_granted
from callsheet.api.grants import Verdict
from callsheet.api.state import State
from callsheet.domain.explain import Check, Explanation, Reason, Step
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.delegation.trial import ask_about

_REASONS: Final = {Verdict.REFUSED: Reason.REFUSED, Verdict.AWAY: Reason.AWAY}


def explain_unknown(
    state: State, secret: str, dialect: Dialect, name: str, clock: Clock = SYSTEM_CLOCK
) -> tuple[Explanation, str]:
    """Return why a secret that the keyring does not have sees a model, or does not; and why no gateway could say.

    Where a source is asked about keys, it is asked about this one, as a server asks. Nothing of the secret or of
    the answer is kept.

    Parameters
    ----------
    state
        The installation.
    secret
        As a client sends it.
    dialect
        Whose client asks.
    name
        An id or alias.
    clock
        Where the time comes from.
    """
    if state.options.any_key:
        found = explain(state, Asker(None, None, dialect), name, clock.time())
        return found._replace(steps=(Step(Check.KEY, True, Reason.ANY_KEY), *found.steps)), ""
    delegation = state.delegation
    if delegation is None:
        return _refused(state, name, Step(Check.KEY, False, Reason.NO_GATEWAY)), ""
    answered, why = asyncio.run(ask_about(state, secret, clock))
    if answered is None:
        return _refused(state, name, Step(Check.KEY, False, Reason.NOT_ASKED, delegation.source)), why
    if answered.grant is None:
        reason = _REASONS.get(answered.verdict, Reason.REFUSED)
        return _refused(state, name, Step(Check.KEY, False, reason, delegation.source)), why
    return explain_granted(state, delegation, answered.grant, dialect, name), ""


def _refused(state: State, name: str, step: Step) -> Explanation:
    return Explanation(name, state.catalog.id_of(name), None, (step,))
