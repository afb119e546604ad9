"""What lists feel while the Admin API makes a hundred changes a second: p99 with and without, in turn.

    python -m benchmarks.admin_writes [--rounds 5] [--seconds 5] [--listener | --apart | --elsewhere]

With ``--listener``, the changes go to the listener that the Admin API of the same server has for itself.
With ``--apart``, they go to a second server over the same database: they share no interpreter with lists.
With ``--elsewhere``, they go to one over another database: what lists feel then is the machine, not the changes.
"""

import argparse
import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from statistics import median, quantiles
from typing import Final, NamedTuple

from callsheet.domain.access.admin_key import Scope
from callsheet.service.access import AccessService
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.clock import SYSTEM_CLOCK
from callsheet.service.setup import open_store

WRITES_PER_SECOND: Final = 100
LISTS_PER_SECOND: Final = 400

_KEYS: Final = 50  # that are changed in turn
_LOST: Final = 30.0  # seconds that a server may take to start


class Place(StrEnum):
    """Where changes are made, if not where lists are asked for."""

    LISTENER = "listener"
    APART = "apart"
    ELSEWHERE = "elsewhere"


class Round(NamedTuple):
    """Milliseconds of p99, and the changes that were made a second."""

    calm: float
    changing: float
    writes: float


class Target(NamedTuple):
    """Where lists are asked for and changes are made."""

    lists_port: int
    changes_port: int
    key: str
    admin_key: str
    key_ids: list[str]


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    where = parser.add_mutually_exclusive_group()
    for name in Place:
        where.add_argument(f"--{name}", dest="place", action="store_const", const=name)
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        change(int(options.write[0]), options.write[1], options.write[2].split(","))
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        targets(Path(folder), options.place) as target,
    ):
        rounds = [measure(target, options.seconds) for _ in range(options.rounds)]
    for each in rounds:
        print(f"p99 {each.calm:6.2f} ms calm, {each.changing:6.2f} ms at {each.writes:.0f} changes a second")
    ratio = median(each.changing for each in rounds) / median(each.calm for each in rounds)
    print(f"p99 of lists while changes come: {ratio:.2f} of that without")


def measure(target: Target, seconds: float) -> Round:
    """Ask for lists, first alone and then while keys change."""
    calm = p99(target, seconds)
    command = [sys.executable, "-m", "benchmarks.admin_writes", "--write", str(target.changes_port)]
    writer = subprocess.Popen(
        [*command, target.admin_key, ",".join(target.key_ids)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    writer.stdout.readline()  # the first change is made
    begun = time.monotonic()
    changing = p99(target, seconds)
    lasted = time.monotonic() - begun
    writer.terminate()
    count = len(writer.communicate()[0].splitlines())
    return Round(calm, changing, count / lasted)


def p99(target: Target, seconds: float) -> float:
    """Milliseconds of the slowest hundredth of lists that are asked for at an even rate, in order of their turn."""
    connection = http.client.HTTPConnection("127.0.0.1", target.lists_port, timeout=_LOST)
    headers = {"x-api-key": target.key, "anthropic-version": "2023-06-01"}
    taken = []
    turn = time.perf_counter()
    end = turn + seconds
    while turn < end:
        time.sleep(max(0.0, turn - time.perf_counter()))
        asked = time.perf_counter()
        connection.request("GET", "/v1/models", headers=headers)
        connection.getresponse().read()
        taken.append((time.perf_counter() - asked) * 1000)
        turn += 1 / LISTS_PER_SECOND
    connection.close()
    return quantiles(taken, n=100)[98]


def change(port: int, admin_key: str, key_ids: list[str]) -> None:
    """Change keys at an even rate until the process is ended; print a line for each change."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_LOST)
    number, turn = 0, time.perf_counter()
    while True:
        body = json.dumps({"name": f"key {number}"})
        path = f"/v1/organizations/api_keys/{key_ids[number % len(key_ids)]}"
        connection.request("POST", path, body, {"x-api-key": admin_key})
        answer = connection.getresponse()
        if answer.status != 200:
            sys.exit(answer.read().decode())
        answer.read()
        print(number, flush=True)
        number += 1
        turn += 1 / WRITES_PER_SECOND
        time.sleep(max(0.0, turn - time.perf_counter()))


class Served(NamedTuple):
    """A new database, and what it takes to ask for lists and to change its keys."""

    url: str
    key: str
    admin_key: str
    key_ids: list[str]


@contextmanager
def targets(folder: Path, place: Place | None) -> Iterator[Target]:
    """Serve a new database, and where ``place`` says so beside another server, or another database."""
    lists = changes = filled(folder / "callsheet.db")
    if place is Place.ELSEWHERE:
        changes = filled(folder / "other.db")
    with server(lists.url, *(["--admin-host", "127.0.0.1"] if place is Place.LISTENER else [])) as ports:
        if place in (Place.APART, Place.ELSEWHERE):
            with server(changes.url) as others:
                yield Target(ports[-1], others[-1], lists.key, changes.admin_key, changes.key_ids)
        else:
            yield Target(ports[-1], ports[0], lists.key, changes.admin_key, changes.key_ids)


def filled(path: Path) -> Served:
    """Make a database with some keys."""
    url = f"sqlite:///{path}"
    store = open_store(url, SYSTEM_CLOCK.now)
    access = AccessService(store, "benchmark", SYSTEM_CLOCK.now)
    ids = [access.create_key(f"first {number}").key.id for number in range(_KEYS)]
    key = access.create_key("lists").secret
    admin_key = AdminKeyService(store, "benchmark", SYSTEM_CLOCK.now).create("benchmark", [Scope.KEYS]).secret
    return Served(url, key, admin_key, ids)


@contextmanager
def server(url: str, *flags: str) -> Iterator[list[int]]:
    """Run ``callsheet serve``; yield its ports, that of the Models API last."""
    command = [sys.executable, "-m", "callsheet", "serve", "--port", "0", "--database", url, *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ports = []
    for line in process.stdout:
        ports += re.findall(r" at http://127\.0\.0\.1:(\d+)", line)
        if line.startswith("Callsheet serves "):
            break
    try:
        yield list(map(int, ports))
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    main()
