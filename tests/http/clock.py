"""A clock whose hands the tests move."""

import time

from callsheet.service.clock import Clock


class ManualClock:
    """It stands still until it is moved.

    Attributes
    ----------
    now
        What both its hands show: the monotonic one and, if nobody has set the machine's clock, the time of day.
    set_by
        By how many seconds the machine's clock has been set since.
    """

    def __init__(self, now: float | None = None) -> None:
        self.now = time.time() if now is None else now
        self.set_by = 0.0
        self.clock = Clock(self._time, self._monotonic, time.perf_counter)

    def _time(self) -> float:
        return self.now + self.set_by

    def _monotonic(self) -> float:
        return self.now
