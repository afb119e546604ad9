"""The stage: a PostgreSQL, a network before it, four replicas, readers and a writer."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import Final

from callsheet.service.access import AccessService
from callsheet.service.maintenance.check import check_database
from callsheet.service.setup import open_store
from callsheet.storage.store import Store
from tests.fleet.disk import small_disk
from tests.fleet.load import READ_PAUSE, Load
from tests.fleet.proxy import Proxy
from tests.fleet.replicas import Fleet, Replica
from tests.fleet.writer import WRITE_PAUSE, Writer, clock
from tests.postgres import ADMIN, Server
from tests.program import wait_for

REPLICAS: Final = 4

#: How often replicas ask by themselves, in seconds: the default.
POLL_SECONDS: Final = 0.1


@dataclass
class Stage:
    """Everything a fault may touch.

    Parameters
    ----------
    postgres, proxy
        The database, and the network that replicas have to it; the writer reaches it directly.
    fleet, load, writer
        Who answers, who asks, who changes.
    store
        The database, past the network.
    key
        Of the readers.
    disk
        Where the database lies, if that can be filled.
    clock
        A file with the seconds by which the replicas' time of day is off; None if it is always right.
    """

    postgres: Server
    proxy: Proxy
    fleet: Fleet
    load: Load
    writer: Writer
    store: Store
    key: str
    disk: Path | None
    clock: Path | None

    def settle(self, since: float) -> float:
        """Wait until the database answers and all replicas equal it; return the seconds since then.

        ``since`` is when the fault was over, by the monotonic clock. The writer writes on meanwhile.
        """
        wait_for(self._database_answers, "the database")
        goal = self.writer.revision()
        wait_for(lambda: self._have_reached(goal), f"revision {goal} everywhere; they say {self.fleet.told()}")
        return time.monotonic() - since

    def _have_reached(self, goal: int) -> bool:
        told = [replica.ready() for replica in self.fleet.replicas if replica.is_live]
        return all(each.get("revision", 0) >= goal and each.get("status") == "ok" for each in told)

    def _database_answers(self) -> bool:
        try:
            self.writer.revision()
        except Exception:  # whatever a database says that is about to come back
            return False
        return True

    def differences(self) -> list[str]:
        """With the writer at rest: in what replicas differ from the database, and what is wrong with that."""
        goal = self.writer.revision()
        self.fleet.seconds_until_caught_up(goal, time.monotonic())
        with self.store.read() as reading:
            expected = {model.id: model.display_name for model in reading.models()}
        problems = [problem.message for problem in check_database(self.store).problems]
        for replica in self.fleet.replicas:
            problems += [f"replica {replica.number}: {each}" for each in _compare(replica, self.key, expected)]
        return problems


def _compare(replica: Replica, key: str, expected: dict[str, str]) -> list[str]:
    status, body = replica.get("/v1/models?limit=1000&lifecycle=active,deprecated,retired", key)
    if status != 200:
        return [f"{status} {body!r}"]
    found = {model["id"]: model["display_name"] for model in json.loads(body)["data"]}
    return [
        f"{name} is {found.get(name)!r}, not {expected.get(name)!r}"
        for name in sorted({*found, *expected})
        if found.get(name) != expected.get(name)
    ]


@contextmanager
def staged(
    *arguments: str,
    replicas: int = REPLICAS,
    read_pause: float = READ_PAUSE,
    write_pause: float = WRITE_PAUSE,
    moves_clocks: bool = True,
) -> Iterator[Stage]:
    """A stage with everything running; the pauses are those of each reader and of the writer, in seconds.

    Replicas whose clocks cannot be moved start much sooner: they are forked.
    """
    with (
        TemporaryDirectory(prefix="callsheet-fleet-") as folder,
        small_disk() as disk,
        Server({"fsync": "on", "full_page_writes": "on"}, place=disk) as postgres,
        Proxy(postgres.port) as proxy,
    ):
        clock_file = Path(folder, "clock") if moves_clocks else None
        if clock_file is not None:
            clock_file.write_text("0")
        store = open_store(postgres.url, clock)
        key = AccessService(store, "fleet", clock).ensure_key("fleet")
        assert key is not None
        writer = Writer(store, write_pause)
        writer.prepare()
        through = f"postgresql://{ADMIN}@127.0.0.1:{proxy.port}/postgres"
        polling = ("--poll-seconds", str(POLL_SECONDS))
        with Fleet(through, replicas, *polling, *arguments, clock=clock_file) as fleet:
            load = Load(fleet, key.secret, pause=read_pause)
            with load, writer:
                yield Stage(postgres, proxy, fleet, load, writer, store, key.secret, disk, clock_file)


def percentile(values: list[float], percent: int) -> float:
    """Return a percentile of at least two values."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]
