"""How many models there are, and how many of them lists show."""

from typing import NamedTuple

from callsheet.domain.model import Lifecycle
from callsheet.domain.query import is_listed
from callsheet.storage.transactions.read import ReadTransaction


class Counts(NamedTuple):
    """How many models a catalogue has, before any workspace's rules; each is listed, retired or hidden.

    Parameters
    ----------
    listed
        Those that a list shows if the caller does not say which.
    retired
        Those that lists show only when they are asked for retired ones.
    hidden
        Those that are hidden and not retired.
    """

    listed: int
    retired: int
    hidden: int

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self)


def count_models(reading: ReadTransaction) -> Counts:
    """Return how many models there are."""
    listed = retired = hidden = 0
    for (lifecycle, is_hidden), count in reading.count_lifecycles().items():
        if is_listed(lifecycle, hidden=is_hidden):
            listed += count
        elif lifecycle == Lifecycle.RETIRED:
            retired += count
        else:
            hidden += count
    return Counts(listed, retired, hidden)
