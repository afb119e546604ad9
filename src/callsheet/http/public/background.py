"""Preparing: answers that need much of the catalogue prepared are made by a thread, some of it at a time.

The first list for an OpenAI client, or of a workspace that sees little of much, would hold up everybody else for
seconds among a million models.
"""

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from callsheet.api.view import UnfinishedError

#: Blocks prepared before others who wait for the thread have their turn, or the process ends; some 0.2 s.
_STEP: Final = 64

#: How long others wait meanwhile for their turn, in seconds. To give way so often always would cost all threads.
_TURN: Final = 0.0005

_alone = threading.Lock()  # of all that change how long a turn is, which is one and the same for the whole process

T = TypeVar("T")


class Preparing:
    """One thread at a time for all such answers: whoever is answered from memory waits for each that runs."""

    def __init__(self) -> None:
        self._one = CapacityLimiter(1)

    async def finish(self, make: Callable[[int], T]) -> T:
        """Return what ``make`` returns, which takes how many blocks it may prepare, and may be unfinished then."""
        while True:
            with suppress(UnfinishedError):
                return await run_sync(_give_way, make, limiter=self._one)


def _give_way(make: Callable[[int], T]) -> T:
    """Return what ``make`` returns, with short turns for as long as that takes."""
    with _alone:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(_TURN)
        try:
            return make(_STEP)
        finally:
            sys.setswitchinterval(usual)
