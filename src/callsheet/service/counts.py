"""How many models there are, and how many of them lists show."""

from typing import NamedTuple

from callsheet.domain.model import Lifecycle
from callsheet.storage.transactions.read import ReadTransaction


class Counts(NamedTuple):
    """How many models a catalogue has, before any workspace's rules.

    Parameters
    ----------
    total
        All of them.
    retired
        Those that lists show only when they are asked for retired ones.
    hidden
        Those that are hidden and not retired.
    """

    total: int
    retired: int
    hidden: int

    @property
    def listed(self) -> int:
        """How many a list shows that asks for nothing special."""
        return self.total - self.retired - self.hidden


def count_models(reading: ReadTransaction) -> Counts:
    """Return how many models there are."""
    stages = reading.count_stages()
    retired = sum(count for (stage, _), count in stages.items() if stage == Lifecycle.RETIRED)
    hidden = sum(count for (stage, hidden), count in stages.items() if hidden and stage != Lifecycle.RETIRED)
    return Counts(sum(stages.values()), retired, hidden)
