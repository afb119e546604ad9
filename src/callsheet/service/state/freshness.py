"""Freshness: when the State in memory was last known to be that of the database."""

from callsheet.service.clock import Clock


class Freshness:
    """The time of the last confirmation, on the monotonic clock and in seconds since the epoch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._confirmed_at = clock.monotonic()
        self.known_at = clock.time()
        """Seconds since the epoch at which the State was last known to be that of the database."""

    @property
    def age(self) -> float:
        """Seconds since the last confirmation; before the first, since the start."""
        return self._clock.monotonic() - self._confirmed_at

    def confirm(self, answered_at: float) -> None:
        """Record that the State was that of the database at ``answered_at``, by the monotonic clock."""
        if answered_at > self._confirmed_at:
            self._confirmed_at = answered_at
            self.known_at = self._clock.time() - (self._clock.monotonic() - answered_at)

    def resume(self, known_at: float) -> None:
        """Continue from a State that was saved, and last confirmed at ``known_at``, in seconds since the epoch."""
        self.known_at = known_at
        passed = max(self._clock.time() - known_at, 0)  # a clock may have been set back
        self._confirmed_at = self._clock.monotonic() - passed
