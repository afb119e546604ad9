"""Processor time that one request takes in the process, without sockets and load generator.

    python -m benchmarks.in_process [--beside FOLDER] [--rounds 15] [--only P,N]

For decisions on a busy machine: only the time counts in which this process has the processor, of all threads;
checkouts are measured in turns; and the best of many rounds is shown. What is left out (the system calls, and
caches that the load generator and the kernel empty) costs as much again.
"""

import argparse
import asyncio
import gc
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count, cycle
from pathlib import Path
from typing import Any, Final

from benchmarks.catalog import make_database_with, url
from benchmarks.contenders.callsheet import source_of
from benchmarks.requests import LARGE_KINDS, Kind, Numbered, requests
from callsheet.http.app import CallsheetApp, create_app
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.logs.writer import AccessLog
from callsheet.http.serve.config import ServerConfig
from callsheet.settings import LogFormat, Settings

HERE: Final = Path(__file__).parents[1]
IDS: Final = {"small": Numbered("claude-model-", 60), "large": Numbered("claude-model-", 10_000)}
KINDS: Final = (Kind.RETRIEVE, Kind.LIST, Kind.NEW_TRACE, Kind.PROXIED, Kind.NEW_CURSOR)
SETTINGS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    "log": {"access_log": LogFormat.JSON},
    "log, limits": {"access_log": LogFormat.JSON, "rate_limit_key": "1000000000/minute"},
}
CONNECTIONS: Final = 32
REQUESTS: Final = 4000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--beside", type=Path, action="append", default=[], metavar="FOLDER", help="another checkout"
    )
    parser.add_argument("--rounds", type=int, default=15, metavar="N")
    parser.add_argument("--only", default=",".join(KINDS), metavar="KIND,…")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child is not None:
        _Child(given.child).run()
    else:
        _compare([HERE, *given.beside], [Kind(name) for name in given.only.split(",")], given.rounds)


def _compare(checkouts: list[Path], kinds: list[Kind], rounds: int) -> None:
    best: dict[tuple[Kind, str, int], float] = {}
    with ExitStack() as stack:
        children = [stack.enter_context(_start(stack, checkout.absolute())) for checkout in checkouts]
        for _ in range(rounds):
            for kind in kinds:
                for setting in SETTINGS:
                    for number, child in enumerate(children):
                        measured = _ask(child, kind, setting)
                        best[kind, setting, number] = min(measured, best.get((kind, setting, number), measured))
        for child in children:
            assert child.stdin is not None
            child.stdin.close()
    print(f"{'µs per request':14}", *(f"{setting:>{8 * len(checkouts) + 4}}" for setting in SETTINGS))
    for kind in kinds:
        cells = [
            [f"{best[kind, setting, number]:8.2f}" for number in range(len(checkouts))] for setting in SETTINGS
        ]
        print(f"{kind:14}", *("    " + "".join(each) for each in cells))


def _start(stack: ExitStack, checkout: Path) -> "subprocess.Popen[str]":
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="callsheet-in-process-")))
    for name, ids in IDS.items():
        make_database_with(checkout, folder / f"{name}.db", ids)
    command = [sys.executable, "-m", "benchmarks.in_process", "--child", str(folder)]
    environment = {**os.environ, **source_of(checkout)}
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HERE, env=environment
    )


def _ask(child: "subprocess.Popen[str]", kind: Kind, setting: str) -> float:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{kind}:{setting}\n")
    child.stdin.flush()
    return float(child.stdout.readline())


class Sink(asyncio.Transport):
    """Counts good answers."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = 0

    def write(self, data: Any) -> None:
        self.answers += data[:12] == b"HTTP/1.1 200"

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 50_000) if name == "peername" else default


class _Child:
    """Measures the Callsheet that Python finds, as often as it is asked to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._servers: dict[tuple[str, str], _Server] = {}
        self._runs = count(1)

    def run(self) -> None:
        """Answer each line with a figure, until there are no more."""
        for line in sys.stdin:
            kind, _, setting = line.rstrip("\n").partition(":")
            print(f"{asyncio.run(self._measure(Kind(kind), setting)):.3f}", flush=True)

    async def _measure(self, kind: Kind, setting: str) -> float:
        size = "large" if kind in LARGE_KINDS else "small"
        server = self._servers.get((size, setting))
        if server is None:
            server = self._servers[size, setting] = _Server(self._folder / f"{size}.db", SETTINGS[setting])
        sent = requests(kind, IDS[size], next(self._runs))
        await server.microseconds(sent, REQUESTS // 4)  # to warm up
        return await server.microseconds(sent, REQUESTS)


class _Server:
    """One app."""

    def __init__(self, database: Path, settings: dict[str, Any]) -> None:
        app = create_app(Settings(database=url(database), sync=False, poll_seconds=60, **settings))
        if app.observer.log is not None:
            app.observer.log = AccessLog(LogFormat.JSON, os.open(os.devnull, os.O_WRONLY))
        self._app: CallsheetApp = app
        self._config = ServerConfig(app, limits=ConnectionLimits(8192, 32768, 65536), ws="none", log_config=None)
        self._config.load()
        app.observer.start()

    async def microseconds(self, sent: Iterator[bytes], times: int) -> float:
        """Return what a request costs, over connections that stay open."""
        loop = asyncio.get_running_loop()
        state = server_state()
        connections, sinks = [], []
        for _ in range(CONNECTIONS):
            made: Any = self._config.http_protocol_class
            protocol = made(config=self._config, server_state=state, app_state={}, _loop=loop)
            sink = Sink()
            protocol.connection_made(sink)
            connections.append(protocol.data_received)
            sinks.append(sink)
        arriving = [next(sent) for _ in range(times)]
        gc.collect()
        gc.freeze()
        begun = time.process_time()
        for receive, data in zip(cycle(connections), arriving, strict=False):
            receive(data)
            while state.tasks:
                await asyncio.sleep(0)
        if self._app.observer.log is not None:
            self._app.observer.log.stop()  # writing the lines counts as well
        elapsed = time.process_time() - begun
        if self._app.observer.log is not None:
            self._app.observer.log.start()
        answered = sum(sink.answers for sink in sinks)
        if answered != times:
            raise RuntimeError(f"{times} requests had {answered} good answers.")
        return elapsed / times * 1e6


def server_state() -> Any:
    """Return what the connections of one server share."""
    from uvicorn.server import ServerState

    state = ServerState()
    state.default_headers = [(b"date", b"Sat, 21 Nov 2026 00:00:00 GMT")]
    return state


if __name__ == "__main__":
    main()
