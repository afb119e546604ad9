"""Reads with claims in the database, beside reads without: rounds of both in turns."""

from collections import defaultdict
from statistics import median
from typing import Final, NamedTuple

from benchmarks.claims.servers import Pair
from benchmarks.cores import Cores
from benchmarks.load import Measured, measure
from benchmarks.options import Options
from benchmarks.requests import Kind
from benchmarks.terminal import progress

KINDS: Final = (Kind.RETRIEVE, Kind.LIST, Kind.LIST_1000)


class Read(NamedTuple):
    """One kind of request: what it does with claims, as a ratio to without."""

    kind: Kind
    rate: float
    cpu: float


def compare_reads(pair: Pair, options: Options, cores: Cores) -> list[Read]:
    """Measure every kind on both servers."""
    load = frozenset({cores.load})
    runs: dict[tuple[Kind, bool], list[Measured]] = defaultdict(list)
    for number in range(options.rounds):
        for kind in KINDS:
            for claimed in (True, False) if number % 2 else (False, True):
                progress(f"Claims, round {number + 1} of {options.rounds}, {kind}…")
                server = pair.claimed if claimed else pair.plain
                with server.process.thawed() as process:
                    runs[kind, claimed].append(measure(process, kind, pair.ids, options.seconds, load))
    return [Read(kind, *_ratios(runs[kind, True], runs[kind, False])) for kind in KINDS]


def _ratios(claimed: list[Measured], plain: list[Measured]) -> tuple[float, float]:
    pairs = list(zip(claimed, plain, strict=True))
    return median(one.rate / other.rate for one, other in pairs), median(
        one.cpu_microseconds / other.cpu_microseconds for one, other in pairs
    )
