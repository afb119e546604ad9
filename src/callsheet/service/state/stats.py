"""Following: how often, how long and with what success this process has followed the database."""

from callsheet.storage.watch import Watch


class RefreshStats:
    """Counts, on the thread that follows; any other may read."""

    def __init__(self) -> None:
        self.refreshes = 0
        self.refresh_seconds = 0.0
        """Time that all of them took together."""
        self.failures = 0
        """Times the database could not be watched or read."""
        self.replacements = 0
        """Times a file of the database was replaced or removed while it was watched."""
        self._watched: tuple[int, int, Watch | None] = (0, 0, None)  # replaced in one step, so that sums never fall

    @property
    def notifications(self) -> int:
        """Return how many changes the database told of by itself."""
        before, _, watch = self._watched
        return before + (watch.notifications if watch else 0)

    @property
    def polls(self) -> int:
        """Return how often the database was asked whether it has changed."""
        _, before, watch = self._watched
        return before + (watch.polls if watch else 0)

    def goes_on_with(self, watch: Watch) -> None:
        """Count what ``watch`` sees; the one before sees no more."""
        self._watched = self.notifications, self.polls, watch

    def has_refreshed(self, seconds: float) -> None:
        """Count a refresh that took ``seconds``."""
        self.refreshes += 1
        self.refresh_seconds += seconds
