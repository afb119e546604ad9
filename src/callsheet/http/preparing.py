"""Preparing: answers that need much of the catalogue prepared are made by a thread, some of it at a time.

The first list for an OpenAI client, or of a workspace that sees little of much, would hold up everybody else for
seconds among a million models.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from callsheet.api.view import UnfinishedError

#: Blocks prepared before others who wait for the thread have their turn, or the process ends; some 0.2 s.
_STEP: Final = 64

T = TypeVar("T")


class Preparing:
    """One thread at a time for all such answers: whoever is answered from memory waits for each that runs."""

    def __init__(self) -> None:
        self._one = CapacityLimiter(1)

    async def finish(self, make: Callable[[int], T]) -> T:
        """Return what ``make`` returns, which takes how many blocks it may prepare, and may be unfinished then."""
        while True:
            with suppress(UnfinishedError):
                return await run_sync(make, _STEP, limiter=self._one)
