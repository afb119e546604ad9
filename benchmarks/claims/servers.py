"""Two servers with the same models: one whose database holds claims of five managers, and one without."""

from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks.catalog import make_database, make_database_with
from benchmarks.claims.data import make_claimed_database
from benchmarks.contenders.callsheet import serve, source_of
from benchmarks.cores import Cores
from benchmarks.growth import POLL_SECONDS
from benchmarks.process import Launch, Process
from benchmarks.requests import MODELS, Kind, Numbered
from benchmarks.terminal import progress


class Pair(NamedTuple):
    """Both servers, frozen; ``plain`` is the other checkout where one was named."""

    ids: Numbered
    database: Path
    claimed: Process
    plain: Process
    claimed_mib: float
    plain_mib: float

    @property
    def start_ratio(self) -> float:
        """How much longer the start takes with claims."""
        return self.claimed.start_seconds / self.plain.start_seconds

    @property
    def memory_ratio(self) -> float:
        """How much more memory is resident after the start with claims."""
        return self.claimed_mib / self.plain_mib


def start_pair(stack: ExitStack, ids: Numbered, beside: Path | None, cores: Cores, folder: Path) -> Pair:
    """Make both databases and start both servers."""
    progress(f"Claims: making {ids.size:,} models, with claims and without…")
    claimed, plain = folder / f"claimed-{ids.size}.db", folder / f"plain-{ids.size}.db"
    make_claimed_database(claimed, ids)
    if beside is None:
        make_database(plain, ids)
    else:
        make_database_with(beside, plain, ids)
    poll = ("--poll-seconds", str(POLL_SECONDS))
    other = serve(plain, *poll)._replace(environment={} if beside is None else source_of(beside))
    first, first_mib = _start(stack, serve(claimed, *poll), cores)
    second, second_mib = _start(stack, other, cores)
    return Pair(ids, claimed, first, second, first_mib, second_mib)


def _start(stack: ExitStack, launch: Launch, cores: Cores) -> tuple[Process, float]:
    target = (launch.ports[Kind.LIST], f"{MODELS}?limit=20")
    process = stack.enter_context(Process(launch, frozenset({cores.server}), target))
    resident = process.resident_mib
    process.freeze()
    return process, resident
