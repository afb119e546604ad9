"""Figures of keys that a gateway knows: how asking goes, and what is remembered. None is by key."""

from callsheet.api.grants import Grants
from callsheet.http.metrics.families import Figures, Series
from callsheet.service.delegation.checks import KeyChecks
from callsheet.service.delegation.comparing import Difference
from callsheet.service.delegation.deciding import Outcome
from callsheet.service.delegation.standing import Condition


def key_figures(checks: KeyChecks, grants: Grants, answers: int) -> Figures:
    """Return the series of delegated keys; callable from any thread.

    Parameters
    ----------
    answers
        How many answers they got.
    """
    counts, condition = checks.counts, checks.standing.condition
    checked = {str(outcome): counts.outcomes[outcome] for outcome in Outcome}
    checked["memory"] = counts.from_memory(answers)
    return {
        **{Series("callsheet_key_checks_total", (("outcome", name),)): count for name, count in checked.items()},
        Series("callsheet_key_checks_overloaded_total"): counts.overloaded,
        Series("callsheet_key_checks_under_way"): checks.under_way,
        Series("callsheet_key_checks_waiting"): checks.waiting,
        Series("callsheet_delegated_keys", (("verdict", "accepted"),)): grants.accepted,
        Series("callsheet_delegated_keys", (("verdict", "other"),)): grants.others,
        Series("callsheet_delegated_bytes"): grants.total_bytes,
        Series("callsheet_key_gateway_up"): int(condition in (Condition.UP, Condition.OUTAGE)),
        Series("callsheet_key_gateway_outage"): int(condition is Condition.OUTAGE),
        **{
            Series("callsheet_key_differences_total", (("kind", str(kind)),)): counts.differences[kind]
            for kind in Difference
        },
    }
