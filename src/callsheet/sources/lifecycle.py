"""What announced dates and stages of upstreams come to: the one rule for all of them.

A model that is active has no dates, and one that retires is deprecated since some day (`domain.model`). So:

1. An upstream that announces when a model retires says that it is deprecated, since the day that the upstream
   states, or else since the source first saw the announcement (`FIRST_SEEN`).
2. An upstream that says that a model is deprecated, without a date, says the same without ``retires_at``.
3. An upstream that says that a model is active is believed: its dates are left out until it says otherwise.
4. A date alone, even one that has passed, never retires a model that the upstream still lists: it is overdue.
   Models retire when a source no longer lists them, by the source's policy, or when an upstream says so in words.
5. A day means its midnight in UTC, as everywhere in Callsheet, also where an upstream means its last day of
   service: OpenAI's dialect then shows the very day that the upstream announced.
6. No model was deprecated later than it retires: the earlier date counts for both (`settle` does it for
   `FIRST_SEEN`).
7. A date says how precise it is: ``exact``, the model retires on that day, or ``earliest``, not before it. Google's
   dates are the earliest, and so are those in lists that others keep of Google's models.
"""

from typing import Any

from callsheet.domain.model import Lifecycle, RetirementPrecision
from callsheet.sources.upstream import FIRST_SEEN
from callsheet.wire.field_values import read_instant, read_shutdown


def announced(
    retires_at: object,
    *,
    deprecated_at: object = None,
    is_deprecated: bool = False,
    precision: RetirementPrecision = RetirementPrecision.EXACT,
) -> dict[str, Any]:
    """Return what an announced retirement means, in the form that `values.collect` reads.

    Parameters
    ----------
    retires_at, deprecated_at
        As the upstream sent them, or None. What makes no sense as a date announces nothing; `collect` notes it.
    is_deprecated
        Whether the upstream says in words that the model is deprecated.
    precision
        What the upstream's dates mean.
    """
    retired = read_shutdown(retires_at)
    if retired is None and not is_deprecated:
        return {"retires_at": retires_at}
    since = read_instant(deprecated_at)
    if since is not None and retired is not None and retired < since:
        deprecated_at = retires_at
    return {
        "lifecycle": Lifecycle.DEPRECATED.value,
        "deprecated_at": FIRST_SEEN if since is None else deprecated_at,
        "retires_at": retires_at,
        "retirement_precision": None if retired is None else precision.value,
    }
