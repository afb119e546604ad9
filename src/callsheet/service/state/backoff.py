"""Backoff: how long to wait before asking again somebody who did not answer."""

import random
from typing import Final

#: For every wait here: what others draw, or a test foretells, stays theirs.
chance: Final = random.SystemRandom()

_FIRST: Final = 0.1

#: The longest wait in seconds. A replica has to follow within two seconds of the database's return, and to have
#: one connection refused each second, on average every half, costs neither side anything.
LONGEST: Final = 1.0


class Backoff:
    """Waits that double, each of them any time up to that: many who lost the same database ask at many times."""

    def __init__(self) -> None:
        self._most = _FIRST

    def next(self) -> float:
        """Return how long to wait now, in seconds."""
        most, self._most = self._most, min(self._most * 2, LONGEST)
        return chance.uniform(0, most)

    def reset(self) -> None:
        """Begin anew: it has answered."""
        self._most = _FIRST
