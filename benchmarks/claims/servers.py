"""Two servers with the same models: one whose database holds claims of five managers, and one without."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks.catalog import make_database, make_database_with
from benchmarks.claims.data import make_claimed_database
from benchmarks.contenders.callsheet import serve, source_of
from benchmarks.cores import Cores
from benchmarks.growth import POLL_SECONDS
from benchmarks.process import Process
from benchmarks.requests import MODELS, Kind, Numbered
from benchmarks.terminal import progress


class Served(NamedTuple):
    """A database and the frozen server of it, with what it took when it had started.

    Parameters
    ----------
    environment
        In which Python finds the checkout that it is of.
    """

    database: Path
    process: Process
    resident_mib: float
    start_cpu_seconds: float
    environment: Mapping[str, str]


class Pair(NamedTuple):
    """Both servers; ``plain`` is the other checkout where one was named."""

    ids: Numbered
    claimed: Served
    plain: Served

    @property
    def start_ratio(self) -> float:
        """How much more processor time the start takes with claims."""
        return self.claimed.start_cpu_seconds / self.plain.start_cpu_seconds

    @property
    def memory_ratio(self) -> float:
        """How much more memory is resident after the start with claims."""
        return self.claimed.resident_mib / self.plain.resident_mib


def start_pair(stack: ExitStack, ids: Numbered, beside: Path | None, cores: Cores, folder: Path) -> Pair:
    """Make both databases and start both servers."""
    progress(f"Claims: making {ids.size:,} models, with claims and without…")
    claimed, plain = folder / f"claimed-{ids.size}.db", folder / f"plain-{ids.size}.db"
    make_claimed_database(claimed, ids)
    if beside is None:
        make_database(plain, ids)
        other = {}
    else:
        make_database_with(beside, plain, ids)
        other = source_of(beside)
    return Pair(ids, _start(stack, claimed, {}, cores), _start(stack, plain, other, cores))


def _start(stack: ExitStack, database: Path, environment: Mapping[str, str], cores: Cores) -> Served:
    launch = serve(database, "--poll-seconds", str(POLL_SECONDS))._replace(environment=environment)
    target = (launch.ports[Kind.LIST], f"{MODELS}?limit=20")
    process = stack.enter_context(Process(launch, frozenset({cores.server}), target))
    resident, cpu = process.resident_mib, process.cpu_seconds
    process.freeze()
    return Served(database, process, resident, cpu, environment)
