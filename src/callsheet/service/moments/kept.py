"""KeptMoments: what differs at the earlier moments that were read last, for as long as nothing is changed."""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

#: By kind, and by id, what things were that are other now; None for what was not there.
Known: TypeAlias = Mapping[str, Mapping[str, Any]]

MAX_KEPT_MOMENTS: Final = 2

#: Things that are kept of all moments together; a model takes from half a kilobyte to some.
MAX_KEPT_THINGS: Final = 120_000


class Present(NamedTuple):
    """The history as it is now: whatever is changed, restored or exchanged, this differs.

    Parameters
    ----------
    organization_id, revision
        Of the installation.
    last_change
        Number and time of the last change record.
    """

    organization_id: str
    revision: int
    last_change: tuple[int, str] | None


class KeptMoments:
    """Remembers what was read of the last moments, so that the next page need not read it again.

    Callable from several threads. What was kept while the present was another one is dropped.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._present: Present | None = None
        self._moments: OrderedDict[int, Known] = OrderedDict()

    def known(self, present: Present, number: int) -> Known:
        """Return what is known of the moment behind the change record ``number``."""
        with self._lock:
            self._turn_to(present)
            if number in self._moments:
                self._moments.move_to_end(number)
            return self._moments.get(number, {})

    def keep(self, present: Present, number: int, known: Known) -> None:
        """Keep what is ``known`` of that moment, unless it is too much."""
        with self._lock:
            self._turn_to(present)
            self._moments.pop(number, None)
            if known and _size(known) <= MAX_KEPT_THINGS:
                self._moments[number] = known
            while (
                len(self._moments) > MAX_KEPT_MOMENTS or sum(map(_size, self._moments.values())) > MAX_KEPT_THINGS
            ):
                self._moments.popitem(last=False)

    def _turn_to(self, present: Present) -> None:
        if present != self._present:
            self._moments.clear()
            self._present = present


def _size(known: Known) -> int:
    return sum(map(len, known.values()))
