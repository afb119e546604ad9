"""Runs a source once, in a process of its own, and prints what that took as one line of JSON.

python -m benchmarks.claims.run_source DATABASE_URL NAME
"""

import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx2

from callsheet.service.setup import open_store
from callsheet.service.sync.lease import Lease
from callsheet.service.sync.listing import Upstreams
from callsheet.service.sync.run import Runner


def main(url: str, name: str) -> None:
    """Run the source."""
    store = open_store(url, _now)
    runner = Runner(store, _now, Upstreams(_now), Lease(store, _now))
    httpx2.Client().close()  # loads what a server has loaded by its second run
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    cpu, wall = time.process_time(), time.perf_counter()
    report = runner.run(name)
    ran = {
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
        "added_mib": _status("VmHWM") - before,
        "report": report.record(),
    }
    print(json.dumps(ran))


def _now() -> datetime:
    return datetime.now(UTC)


def _status(field: str) -> float:
    """MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{field}:"))


if __name__ == "__main__":
    main(*sys.argv[1:])
