"""Warmer: takes the steps of `callsheet.api.warming` some at a time, and gives way to requests between them."""

import logging
import threading
from collections.abc import Iterator
from typing import Final

from callsheet.service.clock import Clock

_log = logging.getLogger("callsheet")

#: For which a State that is ready waits, so that the first requests find the most important part prepared.
LEAD_SECONDS: Final = 0.005

#: After which the thread looks for changes again.
TURN_SECONDS: Final = 0.05


class Warmer:
    """Prepares for answering what the present State needs; for one thread at a time.

    A failure ends it, and is logged: requests prepare by themselves what they need.

    Parameters
    ----------
    clock
        Where the time comes from.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._steps: Iterator[object] = iter(())
        self.is_done = True
        """Whether nothing is left to do."""

    def begin(self, steps: Iterator[object]) -> None:
        """Take ``steps`` from now on, in place of those that were left."""
        self._steps = steps
        self.is_done = False

    def lead(self) -> None:
        """Take steps for `LEAD_SECONDS` at most, and the step that is then under way."""
        end = self._clock.perf_counter() + LEAD_SECONDS
        while not self.is_done and self._clock.perf_counter() < end:
            self._step()

    def take_turn(self, stop: threading.Event) -> None:
        """Take steps for `TURN_SECONDS`, but for half of that time leave the interpreter to others."""
        begun = now = self._clock.perf_counter()
        while not self.is_done and now - begun < TURN_SECONDS and not stop.is_set():
            before = now
            self._step()
            stop.wait(self._clock.perf_counter() - before)
            now = self._clock.perf_counter()

    def _step(self) -> None:
        try:
            self.is_done = next(self._steps, self) is self
        except Exception:
            self.is_done = True
            _log.exception("Lists could not be prepared in advance; requests prepare what they need.")
