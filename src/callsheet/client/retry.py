"""Retries: whether a request is repeated, and when (contract, section 8). Pure."""

from typing import Final

from callsheet.client.reply import Failure, Outcome, retry_after
from callsheet.wire.status import FIRST_ERROR, FIRST_SERVER_ERROR, should_not_retry

#: The longest a client waits before it repeats a request, in seconds; asked for more, it gives the error back.
LONGEST_WAIT: Final = 60.0

_FIRST_WAIT: Final = 0.5  # seconds, doubled each time
_LONGEST_OWN_WAIT: Final = 8.0
_JITTER: Final = 0.25  # the part of a wait that chance takes off, so that clients do not return all at once


def wait_before_retry(outcome: Outcome, attempt: int, chance: float) -> float | None:
    """Return how many seconds to wait before the request is sent again; None if that would not help.

    Parameters
    ----------
    attempt
        How many retries there have been.
    chance
        From 0 to 1.
    """
    if not may_be_repeated(outcome):
        return None
    asked = None if isinstance(outcome, Failure) else retry_after(outcome)
    if asked:  # nobody means "at once", who refuses
        return asked if asked <= LONGEST_WAIT else None
    return min(_FIRST_WAIT * 2.0**attempt, _LONGEST_OWN_WAIT) * (1 - _JITTER * chance)


def may_be_repeated(outcome: Outcome) -> bool:
    """Return whether the same request may fare better later; a server that says so knows best."""
    if isinstance(outcome, Failure):
        return outcome.is_away
    if outcome.status < FIRST_ERROR:
        return False
    said = outcome.headers.get("x-should-retry")
    if said in ("true", "false"):
        return said == "true"
    return not should_not_retry(outcome.status)


def is_away(outcome: Outcome) -> bool:
    """Return whether the server is not there, or nobody is behind its address who could answer."""
    return outcome.is_away if isinstance(outcome, Failure) else outcome.status >= FIRST_SERVER_ERROR
