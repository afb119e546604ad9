"""One claim after the other: how soon each is served, and the longest that a request takes meanwhile."""

import http.client
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import IO, Final, NamedTuple
from urllib.parse import quote

from benchmarks.changes import changing
from benchmarks.claims.servers import Served
from benchmarks.cores import Cores
from benchmarks.process import DEADLINE
from benchmarks.requests import MODELS, Numbered, headers

#: After a claim is served, how long requests are watched: what is left over is cleaned up then.
_AFTER_SECONDS: Final = 0.03

_PAUSE_SECONDS: Final = 0.0002  # else asking would keep the server from applying the claim


class Stalls(NamedTuple):
    """Milliseconds; medians over all claims."""

    served: float
    """From the commit to the first answer that shows the claim."""
    longest: float
    """The longest request from the commit until a while after that."""
    calm: float
    """The longest request in as long a time without a claim."""

    @property
    def added(self) -> float:
        """What a claim adds to the longest request."""
        return max(0.0, self.longest - self.calm)


def follow(server: Served, ids: Numbered, count: int, cores: Cores) -> Stalls:
    """Follow ``count`` claims of a person, one by one."""
    watch = _Watch(next(iter(server.process.ports.values())))
    served, longest = [], []
    with server.process.thawed(), _pinned(cores.load):
        with changing(server.database, ids, cores, server.environment) as claims:
            for _ in range(count):
                taken, slowest = _follow(watch, claims)
                served.append(taken)
                longest.append(slowest)
        calm = [watch.slowest(until=time.monotonic() + median(served) / 1000 + _AFTER_SECONDS) for _ in served]
        watch.close()
    return Stalls(median(served), median(longest), median(calm))


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    """Keep this process off the server's core."""
    usable = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usable)


def _follow(watch: "_Watch", claims: IO[str]) -> tuple[float, float]:
    """Milliseconds until one claim is served, and of the slowest request meanwhile."""
    model_id, name, committed = claims.readline().split()
    begun = time.monotonic()
    slowest = 0.0
    while True:
        taken, shown = watch.ask(model_id)
        slowest = max(slowest, taken)
        if shown == name.replace("_", " "):
            break
        if time.monotonic() > begun + DEADLINE:
            raise RuntimeError(f"A claim on {model_id} was not served in {DEADLINE:g} s.")
        time.sleep(_PAUSE_SECONDS)
    served = time.monotonic()
    after = watch.slowest(model_id, until=served + _AFTER_SECONDS)
    return (served - float(committed)) * 1000, max(slowest, after)


class _Watch:
    """A connection on which one request follows the other."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
        self._headers = dict(headers())
        self._last = ""

    def ask(self, model_id: str) -> tuple[float, str]:
        """Retrieve a model; return the milliseconds that took, and its display name."""
        self._last = model_id
        begun = time.monotonic()
        self._connection.request("GET", f"{MODELS}/{quote(model_id, safe='')}", headers=self._headers)
        body = self._connection.getresponse().read()
        return (time.monotonic() - begun) * 1000, str(json.loads(body)["display_name"])

    def slowest(self, model_id: str = "", *, until: float) -> float:
        """Ask until that time; return the milliseconds of the slowest request."""
        slowest = 0.0
        while time.monotonic() < until:
            slowest = max(slowest, self.ask(model_id or self._last)[0])
            time.sleep(_PAUSE_SECONDS)
        return slowest

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
