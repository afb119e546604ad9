"""Which processor cores are whose."""

import os
from typing import NamedTuple


class Cores(NamedTuple):
    """Servers on one core, the load generator on another, what changes models on a third if there is one."""

    server: int
    load: int
    changer: int
    all: frozenset[int]

    @property
    def shared(self) -> bool:
        """Whether server and load have to share the only core."""
        return self.server == self.load


def share_out() -> Cores:
    """Return who runs where, of the cores this process may use."""
    usable = sorted(os.sched_getaffinity(0))
    load = usable[min(1, len(usable) - 1)]
    return Cores(usable[0], load, usable[2] if len(usable) > 2 else load, frozenset(usable))
