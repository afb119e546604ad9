"""Runs of a source: the first, which lists everything, and one that finds a few rows changed."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.catalog import make_database, url
from benchmarks.contenders.callsheet import serve
from benchmarks.cores import Cores
from benchmarks.process import DEADLINE, Process, get
from benchmarks.requests import MODELS, Kind, Numbered
from benchmarks.start import SECRET
from benchmarks.terminal import progress
from callsheet.service.catalog import CatalogService
from callsheet.service.setup import open_store
from callsheet.service.sync.config import SourceConfig
from callsheet.service.sync.secret import parse_reference
from callsheet.service.sync.sources import SourcesService
from callsheet.sources.upstream import SourceKind

CHANGED: Final = 10

_NAME: Final = "upstream"
_SECRET_VARIABLE: Final = "BENCHMARK_UPSTREAM_SECRET"
_KEYS: Final = {"claims": ("kind", "subject", "manager"), "models": ("id",)}


class Run(NamedTuple):
    """What one run took."""

    cpu_seconds: float
    wall_seconds: float
    added_mib: float
    """Memory at most, beyond what the process had before."""
    report: dict[str, Any]


class Synced(NamedTuple):
    """The first run; and a later one, with how many rows it wrote to each table."""

    first: Run
    later: Run
    written: dict[str, int]


def sync(ids: Numbered, cores: Cores, folder: Path) -> Synced:
    """Let a Callsheet list what another one serves, change some of that, and run the source again."""
    progress(f"Claims: a source of {ids.size:,} rows…")
    upstream, database = folder / f"upstream-{ids.size}.db", folder / f"synced-{ids.size}.db"
    make_database(upstream, ids)
    launch = serve(upstream, "--poll-seconds", "0.01")
    port = launch.ports[Kind.LIST]
    with ExitStack() as stack:
        stack.enter_context(Process(launch, frozenset({cores.server}), (port, f"{MODELS}?limit=20")))
        _add_source(database, port)
        first = _run(database)
        _change(upstream, ids, port)
        _count_writes(database)
        later = _run(database)
        return Synced(first, later, _written(database))


def _add_source(database: Path, port: int) -> None:
    config = SourceConfig(
        kind=SourceKind.CALLSHEET,
        url=f"http://127.0.0.1:{port}",
        secret=parse_reference(f"env:{_SECRET_VARIABLE}"),
    )
    SourcesService(open_store(url(database), _now), "benchmark", _now).add(_NAME, config)


def _run(database: Path) -> Run:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.claims.run_source", url(database), _NAME],
        cwd=Path(__file__).parents[2],
        env={**os.environ, _SECRET_VARIABLE: SECRET},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The run of a source ended with {done.returncode}:\n{done.stderr}")
    run = Run(**json.loads(done.stdout))
    if run.report["outcome"] != "applied":
        raise RuntimeError(f"The run of a source was not applied: {run.report}")
    return run


def _change(upstream: Path, ids: Numbered, port: int) -> None:
    """Give some models more context, and wait until that is served."""
    catalog = CatalogService(open_store(url(upstream), _now), "benchmark", _now)
    chosen = [ids.id(number) for number in range(0, ids.size, max(1, ids.size // CHANGED))][:CHANGED]
    for model_id in chosen:
        catalog.change(model_id, {"max_input_tokens": 400_000})
    end = time.monotonic() + DEADLINE
    while json.loads(get(port, f"{MODELS}/{chosen[-1].replace('/', '%2F')}")[1])["max_input_tokens"] != 400_000:
        if time.monotonic() > end:
            raise RuntimeError(f"The upstream did not serve its changes in {DEADLINE:g} s.")
        time.sleep(0.01)


def _count_writes(database: Path) -> None:
    """From now on, have the database itself note which rows are written."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE benchmark_writes (name TEXT, row TEXT)")
        for table, key in _KEYS.items():
            for event, row in (("INSERT", "new"), ("UPDATE", "new"), ("DELETE", "old")):
                written = " || ' ' || ".join(f"{row}.{column}" for column in key)
                connection.execute(
                    f"CREATE TRIGGER benchmark_{table}_{event} AFTER {event} ON {table} "
                    f"BEGIN INSERT INTO benchmark_writes VALUES ('{table}', {written}); END"
                )


def _written(database: Path) -> dict[str, int]:
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT name, count(DISTINCT row) FROM benchmark_writes GROUP BY name"
        counted = dict(connection.execute(query))
    return {table: counted.get(table, 0) for table in _KEYS}


def _now() -> datetime:
    return datetime.now(UTC)
