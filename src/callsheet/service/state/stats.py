"""RefreshStats: how often this process has read changes of the database, how long that took, and what failed."""

from callsheet.storage.watch import Watch


class RefreshStats:
    """Counters, written by the thread that follows the database; any other thread may read them."""

    def __init__(self) -> None:
        self.refreshes = 0
        self.refresh_seconds = 0.0
        """Total time of all refreshes."""
        self.failures = 0
        """Times the database could not be watched or read."""
        self.replacements = 0
        """Times a file of the database was replaced or removed while it was watched."""
        self._watched: tuple[int, int, Watch | None] = (0, 0, None)  # replaced in one step, so that sums never fall

    @property
    def notifications(self) -> int:
        """Return how many changes the database notified of."""
        before, _, watch = self._watched
        return before + (watch.notifications if watch else 0)

    @property
    def polls(self) -> int:
        """Return how often the database was polled."""
        _, before, watch = self._watched
        return before + (watch.polls if watch else 0)

    def add_watch(self, watch: Watch) -> None:
        """Count what ``watch`` sees from now on; the one before it has ended."""
        self._watched = self.notifications, self.polls, watch

    def record_refresh(self, seconds: float) -> None:
        """Count a refresh that took ``seconds``."""
        self.refreshes += 1
        self.refresh_seconds += seconds

    def record_failure(self, *, replaced: bool) -> None:
        """Count a failure; ``replaced`` says that a file of the database was replaced or removed."""
        self.failures += 1
        self.replacements += replaced
