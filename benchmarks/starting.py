"""Cold start of the program with the built-in catalogue, and of its shortest command."""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import start
from benchmarks.catalog import url
from benchmarks.options import Options
from benchmarks.terminal import progress


class Started(NamedTuple):
    """Medians."""

    first_answer_seconds: float
    resident_mib: float
    version_seconds: float


def time_starts(options: Options, folder: Path) -> Started:
    """Start the server, and ``callsheet --version``, in turns."""
    database = url(folder / "start.db")
    _callsheet("migrate", "--database", database)
    key = ["keys", "create", "--name", "benchmark", "--secret", start.SECRET, "--database", database]
    _callsheet(*key)
    starts, versions = [], []
    for number in range(2 * options.rounds):
        progress(f"Cold start {number + 1} of {2 * options.rounds}…")
        starts.append(start.measure(database))
        versions.append(_time_version())
    return Started(
        median(each.seconds for each in starts), median(each.resident_mib for each in starts), median(versions)
    )


def _callsheet(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "callsheet", *arguments], check=True, capture_output=True)


def _time_version() -> float:
    program = Path(sys.executable).with_name("callsheet")
    begun = time.perf_counter()
    subprocess.run([program, "--version"], check=True, capture_output=True)
    return time.perf_counter() - begun
