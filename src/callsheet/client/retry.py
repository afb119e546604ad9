"""Retries: whether a request is repeated, and when (contract, section 8). Pure."""

from typing import Final

from callsheet.client.reply import Failure, Outcome, retry_after
from callsheet.wire.status import FIRST_ERROR, FIRST_SERVER_ERROR, should_not_retry

#: Before a request is repeated; if the server asks for a longer wait, the error is raised.
MAX_RETRY_WAIT_SECONDS: Final = 60.0

_INITIAL_BACKOFF_SECONDS: Final = 0.5  # seconds, doubled each time
_MAX_BACKOFF_SECONDS: Final = 8.0
_JITTER: Final = 0.25  # the share of a wait that chance takes off, so that clients do not all return at once


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
    if asked:  # `Retry-After: 0` on a refusal is ignored
        return asked if asked <= MAX_RETRY_WAIT_SECONDS else None
    return min(_INITIAL_BACKOFF_SECONDS * 2.0**attempt, _MAX_BACKOFF_SECONDS) * (1 - _JITTER * chance)


def may_be_repeated(outcome: Outcome) -> bool:
    """Return whether the same request may succeed later; ``x-should-retry`` decides where the server sends it."""
    if isinstance(outcome, Failure):
        return outcome.is_away
    if outcome.status < FIRST_ERROR:
        return False
    said = outcome.headers.get("x-should-retry")
    if said in ("true", "false"):
        return said == "true"
    return not should_not_retry(outcome.status)


def is_away(outcome: Outcome) -> bool:
    """Return whether the server was not reached, or failed itself, as a proxy before it says."""
    return outcome.is_away if isinstance(outcome, Failure) else outcome.status >= FIRST_SERVER_ERROR
