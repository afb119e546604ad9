"""Everything that is measured of claims, sources and plans."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.changes import PER_SECOND
from benchmarks.claims.figure import Figure
from benchmarks.claims.reads import compare_reads
from benchmarks.claims.servers import start_pair
from benchmarks.claims.stalls import follow
from benchmarks.cores import Cores
from benchmarks.options import Options
from benchmarks.requests import TITLES, Numbered
from benchmarks.terminal import progress

_PREFIX: Final = "vendor/claude-model-"


def measure_claims(options: Options, cores: Cores, folder: Path) -> list[Figure]:
    """Measure, largest catalogue last."""
    return [*_reads(options, cores, folder), *_large(options, cores, folder)]


def _reads(options: Options, cores: Cores, folder: Path) -> Iterator[Figure]:
    with ExitStack() as stack:
        pair = start_pair(stack, options.large, options.beside, cores, folder)
        for read in compare_reads(pair, options, cores):
            yield Figure(f"{TITLES[read.kind]}: rate, as a ratio to without claims", read.rate)
            yield Figure(f"{TITLES[read.kind]}: CPU per request, as a ratio", read.cpu)


def _large(options: Options, cores: Cores, folder: Path) -> Iterator[Figure]:
    ids = Numbered(_PREFIX, options.sizes[-1])
    of = f"{ids.size:,} models"
    with ExitStack() as stack:
        pair = start_pair(stack, ids, options.beside, cores, folder)
        progress(f"Claims on {of}…")
        count = max(3, int(options.change_seconds * PER_SECOND))
        claimed, plain = (follow(server, ids, count, cores) for server in (pair.claimed, pair.plain))
        yield Figure(f"one claim among {of}: from commit to served, ms", claimed.served, 50, 1)
        yield Figure("one change without claims, ms", plain.served, None, 1)
        yield Figure("what a claim adds to the longest request, ms", claimed.added, 5, 1)
        yield Figure("what a change adds to it without claims, ms", plain.added, None, 1)
        yield Figure(f"start with {of}, as a ratio to without claims", pair.start_ratio, 1.1)
        yield Figure("memory after it, as a ratio", pair.memory_ratio, 1.1)
