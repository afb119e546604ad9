"""scripts/bench-forward: measures forwarding beside nginx, and prints a table in Markdown.

scripts/bench-forward            five rounds, about three minutes
scripts/bench-forward --quick    one short round
"""

import argparse
import signal
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median

from benchmarks.cores import Cores, share_out
from benchmarks.forward.load import FirstByte, flow, upload
from benchmarks.forward.servers import CALLSHEET, DIRECT, HTTPX2, NGINX, running
from benchmarks.machine import describe
from benchmarks.process import Process

_CHUNKS = 500  # of a stream
_STREAMS = 16
_PACED_STREAMS = 200
_PACED_CHUNKS = 15
_BODY_MEBIBYTES = 4

Figures = dict[str, dict[str, list[float]]]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench-forward", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one short round")
    quick = parser.parse_args().quick
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no server is left behind
    cores = share_out()
    figures: Figures = defaultdict(lambda: defaultdict(list))
    with (
        tempfile.TemporaryDirectory(prefix="callsheet-benchmark-") as folder,
        running(cores, Path(folder)) as servers,
    ):
        for _ in range(1 if quick else 5):
            _measure_first_bytes(servers, figures, 50 if quick else 300)
            for name, (port, process) in servers.items():
                _measure_flows(port, process, figures[name], cores, 1 if quick else 2)
    print("\n".join(describe(cores)), end="\n\n")
    _print(figures)


def _measure_first_bytes(servers: dict[str, tuple[int, Process]], figures: Figures, count: int) -> None:
    clients = {name: FirstByte(port) for name, (port, _) in servers.items()}
    taken: dict[str, list[float]] = defaultdict(list)
    for _ in range(count):
        for name, client in clients.items():
            taken[name].append(client.measure())
    for name, seconds in taken.items():
        figures[name]["first byte, median, ms"].append(median(seconds) * 1e3)
        figures[name]["first byte, 99th percentile, ms"].append(sorted(seconds)[int(len(seconds) * 0.99)] * 1e3)


def _measure_flows(port: int, process: Process, found: dict[str, list[float]], cores: Cores, seconds: int) -> None:
    stream = flow(port, process, f"/stream/{_CHUNKS}", _STREAMS, seconds, cores.load)
    found["small chunks, as fast as they go, thousands/s"].append(stream.rate * _CHUNKS / 1e3)
    body = flow(port, process, f"/body/{_BODY_MEBIBYTES}", 4, seconds, cores.load)
    found["answers of 4 MiB, MiB/s"].append(body.rate * _BODY_MEBIBYTES)
    found["answers of 4 MiB, ms of CPU for 1 GiB"].append(body.cpu_seconds * 1e3 * 1024 / _BODY_MEBIBYTES)
    sent = upload(port, process, 256)
    found["upload of 256 MiB, MiB/s"].append(sent.rate / 2**20)
    found["upload of 256 MiB, ms of CPU for 1 GiB"].append(sent.cpu_seconds * 1e3 * 2**30)
    # Last, as streams are left behind, which not every proxy notices at once.
    paced = flow(port, process, f"/paced/{_PACED_CHUNKS}", _PACED_STREAMS, seconds, cores.load)
    found["small chunks, 50/s on each of 200 streams, µs of CPU each"].append(
        paced.cpu_seconds / _PACED_CHUNKS * 1e6
    )


def _print(figures: Figures) -> None:
    names = (DIRECT, NGINX, CALLSHEET, HTTPX2)
    print(f"| | {' | '.join(names)} | {CALLSHEET} : {NGINX} |\n|---|{'---:|' * (len(names) + 1)}")
    for what in figures[NGINX]:
        values = {name: median(figures[name][what]) for name in names}
        shown = " | ".join(f"{values[name]:.3g}" if values[name] < 100 else f"{values[name]:.0f}" for name in names)
        print(f"| {what} | {shown} | {values[CALLSHEET] / values[NGINX]:.2f} |")


if __name__ == "__main__":
    main()
