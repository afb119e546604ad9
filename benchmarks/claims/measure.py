"""Everything that is measured of claims, sources and plans."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.changes import PER_SECOND
from benchmarks.claims.figure import Figure
from benchmarks.claims.planning import plan
from benchmarks.claims.reads import compare_reads
from benchmarks.claims.servers import start_pair
from benchmarks.claims.stalls import follow
from benchmarks.claims.syncing import CHANGED, sync
from benchmarks.cores import Cores
from benchmarks.options import Options
from benchmarks.requests import TITLES, Numbered
from benchmarks.terminal import progress

_PREFIX: Final = "vendor/claude-model-"
_RULES: Final = 200


def measure_claims(options: Options, cores: Cores, folder: Path) -> list[Figure]:
    """Measure; the largest catalogue comes last."""
    return [
        *_reads(options, cores, folder),
        *_source(options, cores, folder),
        *_file(options, folder),
        *_large(options, cores, folder),
    ]


def _reads(options: Options, cores: Cores, folder: Path) -> Iterator[Figure]:
    with ExitStack() as stack:
        pair = start_pair(stack, options.large, options.beside, cores, folder)
        for read in compare_reads(pair, options, cores):
            yield Figure(f"{TITLES[read.kind]}: rate, as a ratio to without claims", read.rate)
            yield Figure(f"{TITLES[read.kind]}: CPU per request, as a ratio", read.cpu)


def _source(options: Options, cores: Cores, folder: Path) -> Iterator[Figure]:
    some, many = (Numbered(_PREFIX, size) for size in options.source_sizes)
    synced = sync(some, cores, folder)
    of = f"a source of {some.size:,} rows, {CHANGED} of them changed"
    yield Figure(f"{of}: CPU of the run, s", synced.later.cpu_seconds, 0.3)
    for table, rows in synced.written.items():
        yield Figure(f"rows written to {table} by it", rows, CHANGED, 0)
    first = sync(many, cores, folder).first
    of = f"first run of a source of {many.size:,} rows"
    yield Figure(f"{of}, s", first.wall_seconds, 30, 1)
    yield Figure("CPU of it, s", first.cpu_seconds, None, 1)
    yield Figure("memory that it needs at most, MiB", first.added_mib, 150, 0)


def _file(options: Options, folder: Path) -> Iterator[Figure]:
    ids, workspaces = options.large, options.crowd[1]
    of = f"a file of {ids.size:,} models, {workspaces:,} workspaces of {_RULES} rules"
    for ending, planned in plan(ids, workspaces, _RULES, folder).items():
        yield Figure(f"{of}: CPU of reading and planning {ending.upper()}, s", planned.read + planned.plan, 3)
        yield Figure("of this, planning, s", planned.plan)


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
        yield Figure(f"start with {of}: CPU, as a ratio to without claims", pair.start_ratio, 1.1)
        yield Figure("memory after it, as a ratio", pair.memory_ratio, 1.1)
