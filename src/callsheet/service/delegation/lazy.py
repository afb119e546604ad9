"""LazyKeyChecks: what asks about keys, loaded when a source is asked about keys; most servers have none."""

import threading
from typing import TYPE_CHECKING

from callsheet.api.state import State
from callsheet.service.clock import SYSTEM_CLOCK, Clock

if TYPE_CHECKING:  # slow to import
    from callsheet.service.delegation.checks import KeyChecks


class LazyKeyChecks:
    """Makes the `KeyChecks` of an application when they are needed.

    Parameters
    ----------
    clock
        Where the time comes from.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._loading = threading.Lock()
        self.loaded: KeyChecks | None = None
        """None as long as no source was asked about keys."""

    def of(self, state: State) -> "KeyChecks | None":
        """Return what asks about keys; None if no source is asked. Callable from any thread."""
        if state.delegation is None:
            return None
        if self.loaded is None:
            from callsheet.service.delegation.checks import KeyChecks

            with self._loading:
                self.loaded = self.loaded or KeyChecks(self._clock)
        return self.loaded

    async def close(self) -> None:
        """End all questions and close all connections; a later request opens others."""
        if self.loaded is not None:
            await self.loaded.close()
