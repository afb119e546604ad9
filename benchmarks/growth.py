"""Growth: the same server with ever more models."""

from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks.catalog import make_database, prepare
from benchmarks.changes import Applied, apply
from benchmarks.contenders import nginx
from benchmarks.contenders.callsheet import serve
from benchmarks.contenders.contender import Place
from benchmarks.cores import Cores
from benchmarks.load import Measured, measure
from benchmarks.options import Options
from benchmarks.process import Process
from benchmarks.requests import MODELS, Kind, Numbered
from benchmarks.tails import Tail, middle, tail
from benchmarks.terminal import progress

KINDS: Final = (Kind.RETRIEVE, Kind.LIST, Kind.LIST_1000)

#: How often the server looks for changes here, in seconds; its default is longer than what is to be seen.
POLL_SECONDS: Final = 0.01

_FIRST: Final = f"{MODELS}?limit=20"


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
    applied: Applied
    tail: Tail


class _Server(NamedTuple):
    """One size, being measured."""

    ids: Numbered
    database: Path
    process: Process
    resident_mib: float


def grow(options: Options, cores: Cores, folder: Path) -> list[Grown]:
    """Measure every size; the rounds of all sizes are interleaved."""
    with ExitStack() as stack:
        servers = [_start(stack, size, cores, folder) for size in options.sizes]
        other = _start_nginx(stack, servers[0], cores, folder / "growth-nginx")
        latencies = _latencies(servers, options, cores)
        applied = [_apply(server, options, cores) for server in servers]
        tails = _tails(servers, other, options, cores)
        return [
            Grown(
                server.ids.size,
                server.process.start_seconds,
                max(server.resident_mib, server.process.resident_mib),
                *figures,
            )
            for server, figures in zip(servers, zip(latencies, applied, tails, strict=True), strict=True)
        ]


def _start(stack: ExitStack, size: int, cores: Cores, folder: Path) -> _Server:
    progress(f"Growth: making and loading {size:,} models…")
    ids = Numbered("vendor/claude-model-", size)
    database = folder / f"{size}.db"
    make_database(database, ids)
    launch = serve(database, "--poll-seconds", str(POLL_SECONDS))
    first = (launch.ports[Kind.LIST], _FIRST)
    process = stack.enter_context(Process(launch, frozenset({cores.server}), first))
    resident = process.resident_mib
    process.freeze()
    return _Server(ids, database, process, resident)


def _start_nginx(stack: ExitStack, server: _Server, cores: Cores, folder: Path) -> Process:
    """Start nginx with the first page of another server."""
    folder.mkdir()
    with server.process.thawed() as process:
        prepared = prepare(process.ports[Kind.LIST], server.ids)
    launch = nginx.BEST.launch(Place(folder, prepared, server.database, folder / "models.jsonl", [Kind.LIST]))
    process = stack.enter_context(Process(launch, frozenset({cores.server}), (launch.ports[Kind.LIST], _FIRST)))
    process.freeze()
    return process


def _latencies(servers: list[_Server], options: Options, cores: Cores) -> list[dict[Kind, Latency]]:
    runs: dict[tuple[int, Kind], list[Measured]] = defaultdict(list)
    for number in range(options.rounds):
        for kind in KINDS:
            for server in servers:
                progress(f"Growth, round {number + 1} of {options.rounds}, {kind}: {server.ids.size:,} models…")
                with server.process.thawed() as process:
                    run = measure(process, kind, server.ids, options.seconds, frozenset({cores.load}))
                runs[server.ids.size, kind].append(run)
    return [{kind: _latency(runs[server.ids.size, kind]) for kind in KINDS} for server in servers]


def _latency(runs: list[Measured]) -> Latency:
    return Latency(median(run.p50 for run in runs), median(run.p99 for run in runs))


def _apply(server: _Server, options: Options, cores: Cores) -> Applied:
    progress(f"Growth: changes among {server.ids.size:,} models…")
    with server.process.thawed() as process:
        return apply(process, server.database, server.ids, options.change_seconds, cores)


def _tails(servers: list[_Server], other: Process, options: Options, cores: Cores) -> list[Tail]:
    runs: dict[int, list[Tail]] = defaultdict(list)
    for number in range(options.rounds):
        for server in servers:
            progress(f"Growth, round {number + 1} of {options.rounds}, changes: {server.ids.size:,} models…")
            run = tail(server.process, other, server.database, server.ids, options.seconds, cores)
            runs[server.ids.size].append(run)
    return [middle(runs[server.ids.size]) for server in servers]
