"""Counts of questions about keys, by how they ended; never by key."""

from collections import Counter

from callsheet.service.delegation.deciding import Outcome


class KeyCounts:
    """What one process has counted."""

    def __init__(self) -> None:
        self.outcomes: Counter[Outcome] = Counter()
        """Questions by how they ended."""
        self.overloaded = 0
        """Requests refused because too many credentials were waiting."""
        self.differences: Counter[str] = Counter()
        """Answers of a gateway that is observed that differ from what would be shown, by the kind of difference."""
        self._from_memory = 0

    def from_memory(self, answers: int) -> int:
        """Return how many of the ``answers`` that delegated keys got needed no question; it never falls."""
        asked = self.outcomes[Outcome.ASKED] + self.outcomes[Outcome.STALE]
        self._from_memory = max(self._from_memory, answers - asked)
        return self._from_memory
