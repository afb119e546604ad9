"""Faults: each is caused, lasts, and is over; `FAULTS` is all of them by name."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.fleet.disk import fill
from tests.fleet.stage import Stage
from tests.postgres import execute
from tests.program import wait_for

#: A fault takes the seconds it is to last, and returns when it was over, by the monotonic clock.
Fault = Callable[[Stage, float], float]

_TERMINATE: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def possible(stage: Stage) -> list[str]:
    """Return the names of the faults that this machine and this stage allow."""
    missing: dict[Fault, bool] = {fill_disk: stage.disk is None, jump_clocks: stage.clock is None}
    return [name for name, fault in FAULTS.items() if not missing.get(fault)]


def none(_stage: Stage, seconds: float) -> float:
    """Nothing happens."""
    return _over_in(seconds)


def kill_replicas(stage: Stage, seconds: float) -> float:
    """Each replica in turn is killed with -9 and started again; the others go on."""
    for replica in stage.fleet.replicas:
        replica.kill()
        _over_in(seconds / len(stage.fleet.replicas))
        replica.start().wait_until_ready()
    return time.monotonic()


def stop_database(stage: Stage, seconds: float) -> float:
    """PostgreSQL is stopped, ending its connections, and started again."""
    os.kill(stage.postgres.pid, signal.SIGINT)
    stage.postgres.stop()
    _over_in(seconds)
    stage.postgres.start()
    return time.monotonic()


def kill_database(stage: Stage, seconds: float) -> float:
    """PostgreSQL is killed with -9, all its processes, and started again; it has to recover."""
    server = stage.postgres.pid
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    for pid in (server, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    stage.postgres.stop()
    _over_in(seconds)
    stage.postgres.start()
    return time.monotonic()


def cut_connections(stage: Stage, seconds: float) -> float:
    """Every connection to PostgreSQL is ended, ten times: by its side, and by the network."""
    for number in range(10):
        if number % 2:
            stage.proxy.cut()
        else:
            execute(stage.postgres.url, _TERMINATE)
        _over_in(seconds / 10)
    return time.monotonic()


def hold_network(stage: Stage, seconds: float) -> float:
    """The network to PostgreSQL goes silent, without ending any connection."""
    stage.proxy.hold()
    _over_in(seconds)
    stage.proxy.release()
    return time.monotonic()


def lose_notifications(stage: Stage, seconds: float) -> float:
    """No notification arrives; all else does."""
    stage.proxy.loses_notifications = True
    _over_in(seconds)
    stage.proxy.loses_notifications = False
    return time.monotonic()


def freeze_replica(stage: Stage, seconds: float) -> float:
    """One replica stands still for a while, as a virtual machine that is moved."""
    replica = stage.fleet.replicas[0]
    replica.is_live = False
    os.kill(replica.pid, signal.SIGSTOP)
    _over_in(seconds)
    os.kill(replica.pid, signal.SIGCONT)
    wait_for(lambda: replica.ready().get("status") == "ok", "the replica that stood still")
    replica.is_live = True
    return time.monotonic()


def read_only_database(stage: Stage, seconds: float) -> float:
    """PostgreSQL takes no change, as one that was made a standby."""
    execute(stage.postgres.url, "ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
    _over_in(seconds)
    execute(
        stage.postgres.url,
        "SET default_transaction_read_only = off",
        "ALTER SYSTEM RESET default_transaction_read_only",
        "SELECT pg_reload_conf()",
    )
    return time.monotonic()


def fill_disk(stage: Stage, seconds: float) -> float:
    """The disk of PostgreSQL is full, until somebody makes room; it may have ended over that."""
    assert stage.disk is not None
    filler = fill(stage.disk)
    _over_in(seconds)
    filler.unlink()
    if not stage.postgres.runs():
        stage.postgres.stop()
        stage.postgres.start()
    return time.monotonic()


def jump_clocks(stage: Stage, seconds: float) -> float:
    """The time of day of all replicas jumps: hours ahead, hours back, and right again."""
    assert stage.clock is not None
    for offset in (7200, -7200, 0):
        stage.clock.write_text(str(offset))
        _over_in(seconds / 3)
    return time.monotonic()


FAULTS: Final[dict[str, Fault]] = {
    "nothing": none,
    "replicas killed with -9": kill_replicas,
    "a replica frozen": freeze_replica,
    "PostgreSQL stopped": stop_database,
    "PostgreSQL killed with -9": kill_database,
    "connections cut": cut_connections,
    "network silent": hold_network,
    "notifications lost": lose_notifications,
    "PostgreSQL read-only": read_only_database,
    "disk of PostgreSQL full": fill_disk,
    "clocks of replicas jump": jump_clocks,
}


def _over_in(seconds: float) -> float:
    """Let the fault last; nothing is waited for but time itself."""
    end = time.monotonic() + seconds
    wait_for(lambda: time.monotonic() >= end, "time to pass")
    return end
