"""Backoff: how long to wait before the next attempt to reach a database that did not answer."""

import random
from typing import Final

#: Private RNG for every jitter here: seeding the global one must not affect it, nor it the host program's numbers.
jitter: Final = random.SystemRandom()

_FIRST_WAIT_SECONDS: Final = 0.1

#: A replica has to follow within two seconds of the database's return; one refused connection each second, on
#: average every half second, costs neither side anything.
MAX_WAIT_SECONDS: Final = 1.0


class Backoff:
    """Exponential back-off with full jitter: processes that lost the same database retry at different times."""

    def __init__(self) -> None:
        self._max_wait = _FIRST_WAIT_SECONDS

    def next(self) -> float:
        """Return how long to wait now, in seconds."""
        max_wait, self._max_wait = self._max_wait, min(self._max_wait * 2, MAX_WAIT_SECONDS)
        return jitter.uniform(0, max_wait)

    def reset(self) -> None:
        """Start again with the shortest wait, after an answer."""
        self._max_wait = _FIRST_WAIT_SECONDS
