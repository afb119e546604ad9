"""Counts of what the Admin API answered."""

from collections import Counter

from callsheet.http.metrics.families import Figures, Series


class AdminMetrics:
    """How many answers of each kind were given; only the event loop's thread counts."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, int]] = Counter()

    def count(self, operation: str, status: int) -> None:
        """Count an answer to a call of ``operation``, or ``other``, with this HTTP status."""
        self._counts[operation, status] += 1

    def figures(self) -> Figures:
        """Return all counts so far; callable from any thread."""
        return {
            Series("callsheet_admin_requests_total", (("operation", operation), ("status", str(status)))): count
            for (operation, status), count in self._counts.copy().items()
        }
