"""What the parts of an answer cost, each alone and in process: request ids, metrics, a line of the access log."""

import os
from collections.abc import Callable
from timeit import repeat
from typing import NamedTuple

from callsheet.http.logs.access_line import LoggedResponse
from callsheet.http.logs.writer import AccessLog
from callsheet.http.metrics.counters import Label, Metrics
from callsheet.http.request_id import RequestIDs
from callsheet.settings import LogFormat


class Cost(NamedTuple):
    """The best of many runs, less that of calling a function that does nothing."""

    part: str
    microseconds: float


def count_costs(*, quick: bool) -> list[Cost]:
    """Measure each."""
    times = 2_000 if quick else 200_000
    nothing = _time(lambda: None, times)
    metrics = Metrics()
    tally = metrics.tally(Label("list", 200, "anthropic"))
    parts: list[tuple[str, Callable[[], object]]] = [
        ("a request id", RequestIDs().make),
        ("counting the answer and its time", lambda: metrics.count(tally, 0.000_01)),
    ]
    kinds = (LogFormat.JSON, LogFormat.COMMON)
    return [
        *[Cost(name, _time(call, times) - nothing) for name, call in parts],
        *[
            Cost(f"a line of the access log, {kind}", _time_log(kind, min(times, 20_000)) - nothing)
            for kind in kinds
        ],
    ]


def _time_log(kind: LogFormat, times: int) -> float:
    """With the thread that writes the lines at work, into nowhere; it catches up before each run."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    log = AccessLog(kind, descriptor)
    template = log.template(LoggedResponse("GET", b"/v1/models", b"limit=20", 200, 5000, "apikey_01"))

    def catch_up() -> None:
        log.stop()
        log.start()

    try:
        line = b"req_010123456789abcdefghijkl", 0.000_01, "127.0.0.1"
        return _time(lambda: log.add(template, *line), times, catch_up)
    finally:
        log.stop()
        os.close(descriptor)


def _time(call: Callable[[], object], times: int, setup: Callable[[], object] = lambda: None) -> float:
    return min(repeat(call, setup, number=times, repeat=7)) / times * 1e6
