"""Two workers against one, every process free to run on every core."""

from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks.catalog import make_database
from benchmarks.contenders.callsheet import serve
from benchmarks.cores import Cores
from benchmarks.load import Measured, measure
from benchmarks.options import Options
from benchmarks.process import Process
from benchmarks.requests import MODELS, Kind
from benchmarks.terminal import progress

CONNECTIONS: Final = 64  # so that chance shares them out fairly evenly

KINDS: Final = (Kind.LIST, Kind.NEW_CURSOR)

_WORKERS: Final = (1, 2)


class Crew(NamedTuple):
    """A number of workers, one kind: medians. Processor time in microseconds; cores are those kept busy."""

    workers: int
    kind: Kind
    rate: float
    ratio: float
    cpu: float
    server_cores: float
    load_cores: float


def compare_workers(options: Options, cores: Cores, folder: Path) -> list[Crew]:
    """Measure in interleaved rounds."""
    database = folder / "workers.db"
    make_database(database, options.large)
    runs: dict[tuple[int, Kind], list[Measured]] = {}
    with ExitStack() as stack:
        servers = {}
        for workers in _WORKERS:
            launch = serve(database, "--workers", str(workers))
            first = (launch.ports[Kind.LIST], f"{MODELS}?limit=20")
            servers[workers] = stack.enter_context(Process(launch, cores.all, first))
            servers[workers].freeze()
        for number in range(options.rounds):
            for kind in KINDS:
                for workers, server in servers.items():
                    progress(f"Workers, round {number + 1} of {options.rounds}, {kind}: {workers}…")
                    with server.thawed():
                        run = measure(server, kind, options.large, options.seconds, cores.all, CONNECTIONS)
                    runs.setdefault((workers, kind), []).append(run)
    return [_crew(workers, kind, runs) for kind in KINDS for workers in _WORKERS]


def _crew(workers: int, kind: Kind, runs: dict[tuple[int, Kind], list[Measured]]) -> Crew:
    own, one = runs[workers, kind], runs[1, kind]
    return Crew(
        workers,
        kind,
        median(run.rate for run in own),
        median(run.rate / alone.rate for run, alone in zip(own, one, strict=True)),
        median(run.cpu_microseconds for run in own),
        median(run.server_cores for run in own),
        median(run.load_cores for run in own),
    )
