"""Tails: how long the slowest of a thousand requests take while models change, beside another server."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.changes import stir
from benchmarks.cores import Cores
from benchmarks.load import measure
from benchmarks.process import Process
from benchmarks.requests import Kind, Numbered


class Tail(NamedTuple):
    """p99.9 of list 20 in milliseconds, side by side."""

    changing: float
    """While models change."""
    calm: float
    other: float
    """Of a server that nothing changes."""
    changes_per_second: float


def tail(server: Process, other: Process, database: Path, ids: Numbered, seconds: float, cores: Cores) -> Tail:
    """Measure one round; all servers are stopped before and after."""
    load = frozenset({cores.load})
    with other.thawed():
        theirs = measure(other, Kind.LIST, ids, seconds, load)
    with server.thawed():
        calm = measure(server, Kind.LIST, ids, seconds, load)
        changing = stir(server, database, ids, seconds, cores)
    return Tail(changing.run.p999 / 1000, calm.p999 / 1000, theirs.p999 / 1000, changing.changes_per_second)


def middle(tails: Sequence[Tail]) -> Tail:
    """Return the median of each figure."""
    return Tail(
        median(each.changing for each in tails),
        median(each.calm for each in tails),
        median(each.other for each in tails),
        median(each.changes_per_second for each in tails),
    )
