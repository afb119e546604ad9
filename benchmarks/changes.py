"""Changes by another process: how soon one is served, and what other requests feel while they flow."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import IO, Final, NamedTuple
from urllib.parse import quote

from benchmarks.catalog import url
from benchmarks.cores import Cores
from benchmarks.load import Measured, measure
from benchmarks.process import DEADLINE, Process
from benchmarks.requests import MODELS, Kind, Numbered, headers

PER_SECOND: Final = 10

_MODELS: Final = 50  # that are changed, spread over the catalogue


class Applied(NamedTuple):
    """Milliseconds from a change's commit to the first answer that shows it."""

    median: float
    slowest: float


class Stirred(NamedTuple):
    """A run of list 20 while changes flowed."""

    run: Measured
    changes_per_second: float


def apply(server: Process, database: Path, ids: Numbered, seconds: float, cores: Cores) -> Applied:
    """Change models, and see how soon each change is served."""
    with changing(database, ids, cores) as changes:
        times = _times(server.ports[Kind.RETRIEVE], changes, max(3, int(seconds * PER_SECOND)))
    return Applied(median(times), max(times))


def stir(server: Process, database: Path, ids: Numbered, seconds: float, cores: Cores) -> Stirred:
    """Send requests while models change."""
    with changing(database, ids, cores) as changes:
        changes.readline()
        begun = time.monotonic()
        run = measure(server, Kind.LIST, ids, seconds, frozenset({cores.load}))
        lasted = time.monotonic() - begun
        return Stirred(run, _count_until(changes, begun + lasted) / lasted)


@contextmanager
def changing(
    database: Path, ids: Numbered, cores: Cores, environment: Mapping[str, str] | None = None
) -> Iterator[IO[str]]:
    """Run the changer; yield the lines it prints, one for each change."""
    step = max(ids.size // _MODELS, 1)
    chosen = [ids.id(number) for number in range(0, ids.size, step)]
    command = [sys.executable, "-m", "benchmarks.changer", url(database), str(cores.changer), str(PER_SECOND)]
    changer = subprocess.Popen(
        [*command, *chosen],
        cwd=Path(__file__).parents[1],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert changer.stdout is not None
    try:
        yield changer.stdout
    finally:
        changer.kill()
        changer.wait()
        changer.stdout.close()


def _times(port: int, changes: IO[str], count: int) -> list[float]:
    """Milliseconds from each commit to the first answer that shows it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    taken = []
    for _ in range(count):
        model_id, name, committed = changes.readline().split()
        end = time.monotonic() + DEADLINE
        while _display_name(connection, model_id) != name.replace("_", " "):
            if time.monotonic() > end:
                raise RuntimeError(f"A change of {model_id} was not served in {DEADLINE:g} s.")
            time.sleep(0.0002)  # else asking would keep the server from applying it
        taken.append((time.monotonic() - float(committed)) * 1000)
    connection.close()
    return taken


def _display_name(connection: http.client.HTTPConnection, model_id: str) -> str:
    connection.request("GET", f"{MODELS}/{quote(model_id, safe='')}", headers=dict(headers()))
    return str(json.load(connection.getresponse())["display_name"])


def _count_until(changes: IO[str], end: float) -> int:
    """How many changes were committed up to ``end``, of those not read yet."""
    count = 0
    while float(changes.readline().split()[2]) <= end:
        count += 1
    return count
