"""What follows from a reply: what holds for the credential, until when, and what is counted. Pure."""

from enum import StrEnum
from typing import NamedTuple, TypeGuard

from callsheet.api.grants import MAX_STALE_SECONDS, Remembered
from callsheet.service.delegation.limits import ACCEPTED_SECONDS, AWAY_SECONDS, REFUSED_SECONDS
from callsheet.service.delegation.replies import Listed, Refused, Reply


class Outcome(StrEnum):
    """How a question ended. The values are those of a metric."""

    ASKED = "asked"
    REFUSED = "refused"
    STALE = "stale"
    AWAY = "away"


class Decision(NamedTuple):
    """What holds for a credential, and until when, in seconds since the epoch."""

    outcome: Outcome
    until: float


def stale_until(last: Remembered, now: float) -> float:
    """Return until when the last answer serves from ``now`` on, while its gateway is away."""
    return min(now + AWAY_SECONDS, last.accepted_at + MAX_STALE_SECONDS)


def accepted_before(last: Remembered | None, now: float) -> TypeGuard[Remembered]:
    """Return whether what a credential was last granted may still serve, should its gateway be away."""
    return last is not None and now < last.accepted_at + MAX_STALE_SECONDS


def decide(reply: Reply, last: Remembered | None, asked_at: float, now: float, *, is_outage: bool) -> Decision:
    """Return what follows from ``reply``.

    Parameters
    ----------
    last
        What the credential was granted before; None if it never was.
    asked_at, now
        When the question was sent, and the time, in seconds since the epoch.
    is_outage
        Whether the gateway refuses the source's own secret as well.
    """
    match reply:
        case Listed():
            return Decision(Outcome.ASKED, min(asked_at, now) + ACCEPTED_SECONDS)  # the clock may be set back
        case Refused() if not (is_outage and accepted_before(last, now)):
            return Decision(Outcome.REFUSED, now + REFUSED_SECONDS)
    if accepted_before(last, now):
        return Decision(Outcome.STALE, stale_until(last, now))
    return Decision(Outcome.AWAY, now + AWAY_SECONDS)
