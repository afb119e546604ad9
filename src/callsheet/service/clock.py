"""Clock: where a process gets the time from, so that a test can say what time it is."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple


class Clock(NamedTuple):
    """The functions that the process reads the time with. They are plain attributes: a call costs no more for it.

    Parameters
    ----------
    time
        Seconds since the epoch; jumps when the clock of the machine is set.
    monotonic
        Seconds since some moment; never jumps.
    perf_counter
        The same, as precise as it gets, for short durations.
    """

    time: Callable[[], float]
    monotonic: Callable[[], float]
    perf_counter: Callable[[], float]

    def now(self) -> datetime:
        """Return the time of day, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)


SYSTEM_CLOCK: Final = Clock(time.time, time.monotonic, time.perf_counter)
