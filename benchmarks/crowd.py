"""A crowd: the same small catalogue, asked by one key, and by very many keys of very many workspaces."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from benchmarks.catalog import make_database
from benchmarks.contenders.callsheet import serve
from benchmarks.cores import Cores
from benchmarks.load import Measured, measure, measure_script
from benchmarks.options import Options
from benchmarks.process import Process
from benchmarks.requests import MODELS, Kind, Numbered, script_of_keys
from benchmarks.terminal import progress

_TIME: Final = "2026-01-01T00:00:00Z"


class Gathered(NamedTuple):
    """A number of keys in a number of workspaces; latencies in microseconds, of list 20."""

    keys: int
    workspaces: int
    start_seconds: float
    resident_mib: float
    one_key: Measured
    every_key: Measured | None
    """Another key each time."""


def gather(options: Options, cores: Cores, folder: Path) -> list[Gathered]:
    """Measure a database with the one key of the benchmark, and one with the crowd's keys beside it."""
    sizes = ((0, 0), options.crowd)
    with ExitStack() as stack:
        return [_measure(stack, keys, workspaces, options, cores, folder) for keys, workspaces in sizes]


def _measure(
    stack: ExitStack, keys: int, workspaces: int, options: Options, cores: Cores, folder: Path
) -> Gathered:
    progress(f"Crowd: {keys:,} keys in {workspaces:,} workspaces…")
    database, secrets = folder / f"crowd-{keys}.db", Numbered("sk-of-the-crowd-", keys)
    make_database(database, options.small)
    _add_crowd(database, secrets, workspaces, options.small)
    launch = serve(database)
    port, load = launch.ports[Kind.LIST], frozenset({cores.load})
    server = stack.enter_context(Process(launch, frozenset({cores.server}), (port, f"{MODELS}?limit=20")))
    ones, others = [], []
    for _ in range(options.rounds):
        ones.append(measure(server, Kind.LIST, options.small, options.seconds, load))
        if keys:
            lua = script_of_keys(options.small, port, secrets)
            others.append(measure_script(server, port, lua, options.seconds, load))
    resident = server.resident_mib
    server.freeze()
    return Gathered(
        keys + 1, workspaces + 1, server.start_seconds, resident, _middle(ones), _middle(others) if others else None
    )


def _middle(runs: list[Measured]) -> Measured:
    """The medians, column by column."""
    return Measured(*map(median, zip(*runs, strict=True)))


def _add_crowd(path: Path, secrets: Numbered, workspaces: int, ids: Numbered) -> None:
    """Insert past the services, for speed. No two workspaces have the same rules."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO workspaces (id, name, allow, deny, created_at) VALUES (?, ?, ?, ?, ?)",
            _workspaces(workspaces, ids),
        )
        connection.executemany(
            "INSERT INTO api_keys (id, name, workspace_id, fingerprint, hint, status, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            _keys(secrets, workspaces),
        )
        connection.execute("COMMIT")


def _workspaces(count: int, ids: Numbered) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        deny = [ids.id(number % ids.size), f"nothing-{number}"]
        yield f"wrkspc_{number}", f"Workspace {number}", "[]", json.dumps(deny), _TIME


def _keys(secrets: Numbered, workspaces: int) -> Iterator[tuple[Any, ...]]:
    for number in range(secrets.size):
        secret = secrets.id(number)
        owner = f"wrkspc_{number % workspaces}"
        yield (
            f"apikey_{number}",
            f"Key {number}",
            owner,
            sha256(secret.encode()).digest(),
            secret[-4:],
            "active",
            _TIME,
        )
