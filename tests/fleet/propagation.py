"""Propagation: how long after its commit a change, or a key that is disabled, is true at every replica."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from typing import Final, NamedTuple
from uuid import uuid4

from callsheet.service.access import AccessService
from callsheet.service.catalog import CatalogService
from tests.fleet.replicas import Replica, ask
from tests.fleet.stage import Stage, percentile
from tests.fleet.writer import clock
from tests.program import DEADLINE

_MODEL: Final = "written-00"


class Propagated(NamedTuple):
    """Milliseconds from commit to answer, of the slowest replica each time."""

    median: float
    p99: float
    slowest: float
    changes: int


def measure(stage: Stage, count: int) -> Propagated:
    """Change a model again and again, each time waiting until all replicas show it."""
    catalog = CatalogService(stage.store, "propagation", clock)
    taken = []
    for number in range(count):
        name = f"Propagated {number}"
        catalog.change(_MODEL, {"display_name": name})
        taken.append(_everywhere(stage, partial(_shows, stage.key, name)))
    return _sum_up(taken)


def measure_keys(stage: Stage, count: int) -> Propagated:
    """Make keys and disable them, each time waiting until no replica lets it in."""
    access = AccessService(stage.store, "propagation", clock)
    taken = []
    for _ in range(count):
        made = access.create_key(f"short-lived {uuid4()}")
        _everywhere(stage, partial(_answers, made.secret, 200))
        access.disable_key(made.key.id)
        taken.append(_everywhere(stage, partial(_answers, made.secret, 401)))
    return _sum_up(taken)


def _answers(key: str, status: int, connection: HTTPConnection) -> bool:
    return ask(connection, "/v1/models?limit=1", key)[0] == status


def _shows(key: str, name: str, connection: HTTPConnection) -> bool:
    return bool(json.loads(ask(connection, f"/v1/models/{_MODEL}", key)[1])["display_name"] == name)


def _everywhere(stage: Stage, condition: Callable[[HTTPConnection], bool]) -> float:
    """Milliseconds until ``condition`` holds at every replica, each asked by a thread of its own."""
    begun = time.monotonic()
    seen: list[float] = []

    def look(replica: Replica) -> None:
        with closing(replica.connect()) as connection:
            while not condition(connection):
                assert time.monotonic() - begun < DEADLINE
                time.sleep(0.002)  # asking without a pause would keep the replica from catching up
        seen.append(time.monotonic())

    threads = [threading.Thread(target=look, args=(replica,)) for replica in stage.fleet.replicas]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(threads), "a replica never showed the change"
    return (max(seen) - begun) * 1000


def _sum_up(taken: list[float]) -> Propagated:
    return Propagated(percentile(taken, 50), percentile(taken, 99), max(taken), len(taken))
