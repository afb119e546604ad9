"""How long the first pages take after a start and after a change, beside those of a quiet server.

    python -m benchmarks.first_pages [--sizes 10000,1000000] [--changes 10]

In the process, over connections without sockets, one request after the other, as fast as they are answered: seven
of kind P, and one page behind one of 64 places all over the catalogue. Another process changes the newest model and
one in the middle, in turns. Beside the times, which a busy machine lengthens, it counts the blocks that requests
had to encode. Each size is measured with lists prepared in advance, and without.
"""

import argparse
import asyncio
import gc
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from itertools import count, cycle
from pathlib import Path
from typing import Any, Final

from benchmarks.catalog import make_database, url
from benchmarks.in_process import CONNECTIONS, Sink, server_state
from benchmarks.markdown import table
from benchmarks.requests import Kind, Numbered, requests
from callsheet.api.view import View
from callsheet.http.app import CallsheetApp, create_app
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.serve.config import ServerConfig
from callsheet.service.catalog import CatalogService
from callsheet.service.setup import open_store
from callsheet.service.state import live as live_state
from callsheet.settings import Settings

HERE: Final = Path(__file__).parents[1]

_PLACES: Final = 64
_QUIET_SECONDS: Final = 1.0
_AFTER_SECONDS: Final = 0.5  # for which pages count as the first after a start or a change


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="10000,1000000", metavar="MODELS,…")
    parser.add_argument("--changes", type=int, default=10, metavar="N")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--changer", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.changer is not None:
        _change_models(given.changer)
        return
    if given.child is not None:
        path, size, prepares = given.child
        print(json.dumps(_Measurement(Path(path), int(size), prepares=prepares == "yes").run(given.changes)))
        return
    with tempfile.TemporaryDirectory(prefix="callsheet-first-pages-") as folder:
        rows = [row for size in given.sizes.split(",") for row in _measure(Path(folder), size, given.changes)]
    heads = ["models", "prepared in advance", "pages", "requests", "p50", "p99", "p99.9", "to quiet", "blocks"]
    print(table(heads, rows))


def _measure(folder: Path, size: str, changes: int) -> Iterator[list[str]]:
    pattern = folder / f"{size}.db"
    make_database(pattern, Numbered("claude-model-", int(size)))
    for prepares in ("yes", "no"):
        path = Path(shutil.copy(pattern, folder / f"{size}-{prepares}.db"))
        command = [sys.executable, "-m", "benchmarks.first_pages", "--changes", str(changes)]
        measured = subprocess.run(
            [*command, "--child", path, size, prepares], cwd=HERE, stdout=subprocess.PIPE, check=True, text=True
        )
        for pages, figures in json.loads(measured.stdout).items():
            yield [f"{int(size):,}", prepares, pages, *figures]


class _Measurement:
    """One server."""

    def __init__(self, database: Path, size: int, *, prepares: bool) -> None:
        if not prepares:
            for name in ("warm_first", "warm_changed"):
                setattr(live_state, name, lambda _state: iter(()))
        self._ids = Numbered("claude-model-", size)
        self._database = database
        self._blocks = 0  # that requests encoded

    def run(self, changes: int) -> dict[str, list[str]]:
        """Return what was measured, by which pages."""
        app = create_app(Settings(database=url(self._database), sync=False))
        gc.collect()
        gc.freeze()
        self._count_blocks()
        changer = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.first_pages", "--changer", url(self._database)],
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            return asyncio.run(self._run(app, changer, changes))
        finally:
            app.live.stop()
            changer.kill()
            changer.wait()

    def _count_blocks(self) -> None:
        original: Any = View._encode_listed
        answering = threading.current_thread()

        def count_block(view: View, *given: Any) -> Any:
            self._blocks += threading.current_thread() is answering
            return original(view, *given)

        View._encode_listed = count_block  # type: ignore[method-assign, assignment]

    async def _run(self, app: CallsheetApp, changer: Any, changes: int) -> dict[str, list[str]]:
        changer.stdout.readline()  # it is ready
        answer = _connect(app)
        first = requests(Kind.PROXIED, self._ids, 1)
        app.live.start()
        after_start = await _times(answer, first, _until(_AFTER_SECONDS))
        start_blocks, usual = self._blocks, self._usual()
        await _times(answer, usual, _until(_QUIET_SECONDS))
        await _times(answer, usual, lambda: app.live._warmer.is_done)
        quiet: list[float] = []
        after_change: list[float] = []
        blocks = 0
        for number in range(changes):
            quiet += await _times(answer, usual, _until(_QUIET_SECONDS))
            before, revision = self._blocks, app.live.current.revision
            changer.stdin.write(f"{self._ids.id(self._ids.size - 1 if number % 2 else self._ids.size // 2)}\n")
            changer.stdin.flush()
            after_change += await _times(answer, usual, _until_changed(app, revision))
            after_change += await _times(answer, usual, _until(_AFTER_SECONDS))
            blocks = max(blocks, self._blocks - before)
        middle = _percentile(quiet, 0.999)
        return {
            "quiet": _figures(quiet, middle, ""),
            "after a start": _figures(after_start, middle, str(start_blocks)),
            "after a change": _figures(after_change, middle, str(blocks)),
        }

    def _usual(self) -> Iterator[bytes]:
        """Pages in use: the first, and some all over the catalogue."""
        first = requests(Kind.PROXIED, self._ids, 2)
        sample = next(requests(Kind.PROXIED, self._ids, 3))
        step = self._ids.size // _PLACES
        places = [
            sample.replace(b"limit=20", b"limit=20&after_id=%b" % self._ids.id(number * step + 30).encode(), 1)
            for number in range(_PLACES)
        ]
        for number in count():
            yield places[number // 8 % _PLACES] if not number % 8 else next(first)


def _change_models(database: str) -> None:
    """Change the model that each line names."""
    catalog = CatalogService(open_store(database, _now), "benchmark", _now)
    print("ready", flush=True)
    for number, line in enumerate(sys.stdin):
        catalog.change(line.strip(), {"display_name": f"Changed {number}"})


def _now() -> datetime:
    return datetime.now(UTC)


def _connect(app: CallsheetApp) -> Callable[[bytes], Awaitable[None]]:
    """Return what sends a request over the next of several connections, and waits for the answer."""
    config = ServerConfig(app, limits=ConnectionLimits(8192, 32768, 65536), ws="none", log_config=None)
    config.load()
    state, sinks, receivers = server_state(), [], []
    for _ in range(CONNECTIONS):
        made: Any = config.http_protocol_class
        protocol = made(config=config, server_state=state, app_state={}, _loop=asyncio.get_running_loop())
        sinks.append(Sink())
        protocol.connection_made(sinks[-1])
        receivers.append(protocol.data_received)
    turns = cycle(zip(receivers, sinks, strict=True))

    async def answer(data: bytes) -> None:
        receive, sink = next(turns)
        answers = sink.answers
        receive(data)
        while state.tasks:
            await asyncio.sleep(0)
        if sink.answers != answers + 1:
            raise RuntimeError("A request was not answered well.")

    return answer


def _until(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def _until_changed(app: CallsheetApp, revision: int) -> Callable[[], bool]:
    return lambda: app.live.current.revision > revision


async def _times(answer: Any, sent: Iterator[bytes], is_over: Callable[[], bool]) -> list[float]:
    """Seconds that each answer took, with the wait of the event loop for the interpreter."""
    taken = []
    clock = time.perf_counter
    while not is_over():
        data = next(sent)
        begun = clock()
        await asyncio.sleep(0)
        await answer(data)
        taken.append(clock() - begun)
    return taken


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


def _figures(times: list[float], quiet: float, blocks: str) -> list[str]:
    shares = [_percentile(times, share) for share in (0.5, 0.99, 0.999)]
    return [f"{len(times):,}", *(f"{each * 1e6:,.0f}" for each in shares), f"{shares[-1] / quiet:.2f}", blocks]


if __name__ == "__main__":
    main()
