"""PreparationThread: answers for which much of the catalogue must be prepared are made by a thread, step by step.

Among a million models, the first list for an OpenAI client, or for a workspace that sees little of the catalogue,
would delay all other requests for seconds.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from callsheet.api.view import UnfinishedError
from callsheet.service.giving_way import giving_way

#: Blocks prepared before the thread serves the next request, or the process may end; about 0.2 s.
_STEP_BATCH_SIZE: Final = 64

T = TypeVar("T")


class PreparationThread:
    """One thread at a time for all such answers: each running one slows the requests answered from memory."""

    def __init__(self) -> None:
        self._one = CapacityLimiter(1)

    async def finish(self, make: Callable[[int], T]) -> T:
        """Return what ``make`` returns; it is called with a block budget until that suffices to finish."""
        while True:
            with suppress(UnfinishedError):
                return await run_sync(_give_way, make, limiter=self._one)


def _give_way(make: Callable[[int], T]) -> T:
    """Return what ``make`` returns; while it runs, the event loop gets the interpreter more often."""
    with giving_way():
        return make(_STEP_BATCH_SIZE)
