"""The console over a large installation: how long each page takes, and what lists feel while it is used.

    python -m benchmarks.console [--models 1000000] [--keys 380000] [--rounds 5] [--seconds 8] [--listener]

With ``--listener``, the console and the Admin API have a listener, and so a process, for themselves.
"""

import argparse
import http.client
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from benchmarks.beside import LOST, list_times, server
from benchmarks.catalog import make_database, url
from benchmarks.requests import Numbered
from benchmarks.start import SECRET
from benchmarks.terminal import progress
from callsheet.domain.access.admin_key import Scope
from callsheet.service.access import AccessService
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.clock import SYSTEM_CLOCK
from callsheet.service.setup import open_store

WORKSPACES: Final = 200

#: How often somebody at the console opens a page, in seconds.
CLICK_SECONDS: Final = 0.5

#: What a person takes to sign in; meanwhile, the server prepares its pages.
SIGN_IN_SECONDS: Final = 5.0

_IDS: Final = "acme/model-"
_HEADERS: Final = {"content-type": "application/x-www-form-urlencoded"}


class Target(NamedTuple):
    """A server over a large installation."""

    lists_port: int
    console_port: int
    admin_key: str
    models: int
    keys: int

    @property
    def pages(self) -> tuple[str, ...]:
        """Addresses of pages, below that of the console; what they name is in the middle."""
        model = Numbered(_IDS, self.models).id(self.models // 2)
        segment = model.replace("/", "%2F")
        key = _key_id(self.keys // 2)
        return (
            "/models",
            f"/models?q=model-{self.models - 7}",
            "/models?q=acme+77",
            "/models?show=suppressed",
            f"/models/{segment}",
            f"/models/{segment}/change",
            "/models/new",
            "/access",
            f"/access/explain?model={segment}&key={key}",
            f"/access/sees?subject={key}",
            f"/access/compare?first=default&second={key}",
            "/workspaces",
            "/clients",
            f"/clients?key={key}",
            "/keys",
            "/keys?q=k77",
            "/keys/new",
            f"/keys/{key}",
            f"/keys/{key}/change",
            "/welcome",
            "/sources",
            "/changes",
            "/changes/at",
            "/retirements",
        )


class Visitor:
    """A browser that is signed in.

    Parameters
    ----------
    target
        Where, and with which admin key.
    sign_in_seconds
        How long the page is looked at that asks for the key.
    """

    def __init__(self, target: Target, sign_in_seconds: float = 0) -> None:
        port = target.console_port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LOST)
        self._headers = {"origin": f"http://127.0.0.1:{port}"}
        self.open("/sign-in")
        time.sleep(sign_in_seconds)
        self._connection.request(
            "POST", "/console/sign-in", urlencode({"secret": target.admin_key}), {**self._headers, **_HEADERS}
        )
        answer = self._connection.getresponse()
        answer.read()
        self._headers["cookie"] = (answer.getheader("set-cookie") or "").partition(";")[0]

    def open(self, path: str) -> bytes:
        """Return a page."""
        self._connection.request("GET", f"/console{path}", headers=self._headers)
        return self._read(path)

    def rehearse(self, path: str, **fields: str) -> bytes:
        """Send the form of a page; return the plan of what it would change."""
        token = re.search(rb'name="csrf" value="([^"]*)"', self.open(path))
        assert token is not None
        body = urlencode({"csrf": token[1].decode(), **fields})
        self._connection.request("POST", f"/console{path}", body, {**self._headers, **_HEADERS})
        return self._read(path)

    def _read(self, path: str) -> bytes:
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status}\n{body.decode()}")
        return body


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=380_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--listener", action="store_true")
    parser.add_argument("--click", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.click:
        port, admin_key, models, keys = options.click
        click(Target(0, int(port), admin_key, int(models), int(keys)))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), options.models, options.keys, listener=options.listener) as target,
    ):
        show_pages(target, options.rounds)
        show_lists(target, options.rounds, options.seconds)


def show_pages(target: Target, rounds: int) -> None:
    """Print how long pages and a plan take, the first time and afterwards."""
    visitor = Visitor(target, SIGN_IN_SECONDS)
    print(f"{'page':52} {'first':>8} {'median':>8}  ms, KB")
    for path in target.pages:
        print_times(path, rounds, partial(visitor.open, path))
    print_times("plan of a new key", rounds, lambda: visitor.rehearse("/keys/new", name="new", workspace="default"))


def print_times(what: str, rounds: int, get: Callable[[], bytes]) -> None:
    """Print how long something takes, the first time and afterwards."""
    taken, body = [], b""
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        body = get()
        taken.append((time.perf_counter() - begun) * 1000)
    print(f"{what:52} {taken[0]:8.1f} {median(taken[1:]):8.1f}  {len(body) / 1000:.0f}", flush=True)


def show_lists(target: Target, rounds: int, seconds: float) -> None:
    """Print what lists take, first alone and then while somebody uses the console."""
    ratios: dict[str, list[float]] = {"median": [], "p99": []}
    for _ in range(rounds):
        calm = list_times(target.lists_port, SECRET, seconds)
        with clicking(target):
            used = list_times(target.lists_port, SECRET, seconds)
        ratios["median"].append(median(used) / median(calm))
        ratios["p99"].append(quantiles(used, n=100)[98] / quantiles(calm, n=100)[98])
        print(
            f"lists: median {median(calm):.2f} and {median(used):.2f} ms, "
            f"p99 {quantiles(calm, n=100)[98]:.2f} and {quantiles(used, n=100)[98]:.2f} ms",
            flush=True,
        )
    for name, values in ratios.items():
        print(f"lists while the console is used, {name}: {median(values):.2f} of that without")


@contextmanager
def clicking(target: Target) -> Iterator[None]:
    """Have somebody open one page after the other."""
    command = [sys.executable, "-m", "benchmarks.console", "--click"]
    values = [target.console_port, target.admin_key, target.models, target.keys]
    process = subprocess.Popen([*command, *map(str, values)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    yield
    process.terminate()
    process.communicate()


def click(target: Target) -> None:
    """Open one page after the other until the process is ended."""
    visitor = Visitor(target)
    while True:
        for path in target.pages:
            visitor.open(path)
            print(path, flush=True)
            time.sleep(CLICK_SECONDS)


@contextmanager
def served(folder: Path, models: int, keys: int, *, listener: bool) -> Iterator[Target]:
    """Serve a large installation."""
    database = folder / "callsheet.db"
    progress(f"making {models} models and {keys} keys")
    make_database(database, Numbered(_IDS, models))
    admin_key = add_keys(database, keys)
    progress("starting")
    with server(url(database), *(["--admin-host", "127.0.0.1"] if listener else [])) as ports:
        yield Target(ports[-1], ports[0], admin_key, models, keys)


def add_keys(path: Path, count: int) -> str:
    """Add keys in many workspaces, past the services, for speed; return the secret of an admin key."""
    store = open_store(url(path), SYSTEM_CLOCK.now)
    access = AccessService(store, "benchmark", SYSTEM_CLOCK.now)
    workspaces = [access.create_workspace(f"team {number}").id for number in range(WORKSPACES)]
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {
            "id": _key_id(number),
            "name": f"k{number}",
            "workspace_id": workspaces[number % WORKSPACES],
            "fingerprint": sha256(str(number).encode()).digest(),
            "hint": "abcd",
            "status": "active",
            "expires_at": None,
            "created_at": (begun + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        for number in range(count)
    ]
    with closing(sqlite3.connect(path)) as connection, connection:
        _insert(connection, "api_keys", rows)
        _insert(connection, "changes", map(_creation, rows))
    return AdminKeyService(store, "benchmark", SYSTEM_CLOCK.now).create("benchmark", [Scope.ALL]).secret


def _key_id(number: int) -> str:
    return f"apikey_01{number:022d}"


def _creation(key: dict[str, Any]) -> dict[str, Any]:
    after = {"id": key["id"], "name": key["name"], "workspace_id": key["workspace_id"]}
    return {
        "revision": 1,
        "at": key["created_at"],
        "actor": "cli:benchmark",
        "action": "create",
        "kind": "key",
        "subject": key["id"],
        "after": json.dumps(after),
    }


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    first, *others = rows
    statement = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({', '.join(f':{name}' for name in first)})"
    connection.executemany(statement, [first, *others])


if __name__ == "__main__":
    main()
