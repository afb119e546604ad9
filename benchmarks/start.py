"""Cold start: from starting the process to its first answer, and the memory it then takes.

    .venv/bin/python -m benchmarks.start [--rounds 9] [--json]

The database exists already, as it does at every start but the first. Memory is the resident set of the one
process that serves, read after a hundred lists.
"""

import argparse
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

SECRET = "sk-benchmark-0123456789"
_HEADERS = {"x-api-key": SECRET, "anthropic-version": "2023-06-01"}
_DEADLINE = 30.0


class Start(NamedTuple):
    """One start."""

    seconds: float
    resident_mib: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/callsheet.db"
        _callsheet("migrate", "--database", url)
        _callsheet("keys", "create", "--name", "benchmark", "--secret", SECRET, "--database", url)
        starts = [measure(url) for _ in range(options.rounds)]
    seconds = statistics.median(start.seconds for start in starts)
    resident = statistics.median(start.resident_mib for start in starts)
    if options.json:
        print(json.dumps({"first_answer_seconds": seconds, "resident_mib": resident, "rounds": len(starts)}))
    else:
        print(f"First answer after {seconds:.2f} s, {resident:.0f} MiB resident (median of {len(starts)}).")


def measure(url: str) -> Start:
    """Start a server, wait for its first list, and stop it."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "callsheet", "serve", "--port", "0", "--database", url],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        _list(port)
        seconds = time.perf_counter() - begun
        for _ in range(100):
            _list(port)
        return Start(seconds, _resident_mib(process.pid))
    finally:
        process.terminate()
        process.wait(_DEADLINE)


def _list(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_DEADLINE)
    connection.request("GET", "/v1/models", headers=_HEADERS)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    response.read()
    connection.close()


def _resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("this system does not tell the resident set of a process")


def _callsheet(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "callsheet", *arguments], check=True, capture_output=True)


if __name__ == "__main__":
    main()
