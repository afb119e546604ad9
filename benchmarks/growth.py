"""Growth: the same server with ever more models."""

from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks.catalog import make_database
from benchmarks.changes import Felt, feel
from benchmarks.contenders.callsheet import serve
from benchmarks.cores import Cores
from benchmarks.load import Measured, measure
from benchmarks.options import Options
from benchmarks.process import Process
from benchmarks.requests import MODELS, Kind, Numbered
from benchmarks.terminal import progress

KINDS: Final = (Kind.RETRIEVE, Kind.LIST, Kind.LIST_1000)

#: How often the server looks for changes here, in seconds; its default is longer than what is to be seen.
POLL_SECONDS: Final = 0.01


class Latency(NamedTuple):
    """Microseconds."""

    p50: float
    p99: float


class Grown(NamedTuple):
    """One size of the catalogue."""

    size: int
    start_seconds: float
    resident_mib: float
    latency: dict[Kind, Latency]
    felt: Felt


class _Server(NamedTuple):
    """One size, being measured."""

    ids: Numbered
    database: Path
    process: Process
    resident_mib: float


def grow(options: Options, cores: Cores, folder: Path) -> list[Grown]:
    """Measure every size; the rounds of all sizes are interleaved."""
    runs: dict[tuple[int, Kind], list[Measured]] = {}
    with ExitStack() as stack:
        servers = [_start(stack, size, cores, folder) for size in options.sizes]
        for number in range(options.rounds):
            for kind in KINDS:
                for server in servers:
                    progress(f"Growth, round {number + 1} of {options.rounds}, {kind}: {server.ids.size:,} models…")
                    with server.process.thawed() as process:
                        run = measure(process, kind, server.ids, options.seconds, frozenset({cores.load}))
                    runs.setdefault((server.ids.size, kind), []).append(run)
        return [_grown(server, runs, options, cores) for server in servers]


def _start(stack: ExitStack, size: int, cores: Cores, folder: Path) -> _Server:
    progress(f"Growth: making and loading {size:,} models…")
    ids = Numbered("vendor/claude-model-", size)
    database = folder / f"{size}.db"
    make_database(database, ids)
    launch = serve(database, "--poll-seconds", str(POLL_SECONDS))
    first = (launch.ports[Kind.LIST], f"{MODELS}?limit=20")
    process = stack.enter_context(Process(launch, frozenset({cores.server}), first))
    resident = process.resident_mib
    process.freeze()
    return _Server(ids, database, process, resident)


def _grown(server: _Server, runs: dict[tuple[int, Kind], list[Measured]], options: Options, cores: Cores) -> Grown:
    progress(f"Growth: changes among {server.ids.size:,} models…")
    with server.process.thawed() as process:
        felt = feel(process, server.database, server.ids, options.change_seconds, cores)
        resident = process.resident_mib
    latency = {
        kind: Latency(median(run.p50 for run in found), median(run.p99 for run in found))
        for kind in KINDS
        for found in [runs[server.ids.size, kind]]
    }
    return Grown(server.ids.size, server.process.start_seconds, max(server.resident_mib, resident), latency, felt)
