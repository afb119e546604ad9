"""What lists feel while the Admin API makes a hundred changes a second.

    python -m benchmarks.admin_writes [--rounds 10] [--seconds 5] [--listener | --apart] [--pinned]

Prints p99 of lists without changes, with changes elsewhere, and with changes. Those elsewhere go to a server over
another database, and share nothing with lists but the machine: what lists feel then is the load of making changes,
and what they feel beyond that is that these are followed.

With ``--listener``, changes go to the listener that the Admin API of the same server has for itself. With
``--apart``, they go to a second server over the same database. Otherwise one process does both. With ``--pinned``,
the process that answers lists has a core for itself, and everything else runs on another.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from statistics import median, quantiles
from typing import Final, NamedTuple

from benchmarks.beside import LOST, list_times, pin_server_of, server
from benchmarks.cores import share_out
from callsheet.domain.access.admin_key import Scope
from callsheet.service.access import AccessService
from callsheet.service.admin.admin_keys import AdminKeyService
from callsheet.service.clock import SYSTEM_CLOCK
from callsheet.service.setup import open_store

WRITES_PER_SECOND: Final = 100

_KEYS: Final = 50  # that are changed in turn


class Place(StrEnum):
    """Where changes are made, if not where lists are asked for."""

    LISTENER = "listener"
    APART = "apart"


class Round(NamedTuple):
    """Milliseconds of p99."""

    calm: float
    elsewhere: float
    changing: float


class Changed(NamedTuple):
    """Where changes are made, and what it takes to make them."""

    port: int
    admin_key: str
    key_ids: list[str]


class Target(NamedTuple):
    """Where lists are asked for, and changes are made: over that database, and over another."""

    port: int
    key: str
    here: Changed
    elsewhere: Changed


def main() -> None:
    """Do what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=5)
    where = parser.add_mutually_exclusive_group()
    for name in Place:
        where.add_argument(f"--{name}", dest="place", action="store_const", const=name)
    parser.add_argument("--pinned", action="store_true", help="with --listener only")
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        change(int(options.write[0]), options.write[1], options.write[2].split(","))
        return
    cores = share_out()
    if options.pinned:
        os.sched_setaffinity(0, cores.all - {cores.server})
    with (
        tempfile.TemporaryDirectory() as folder,
        targets(Path(folder), options.place) as target,
    ):
        if options.pinned:
            pin_server_of(target.port, cores.server)
        rounds = []
        for _ in range(options.rounds):
            rounds.append(measure(target, options.seconds))
            print("p99 {:6.2f} ms calm, {:6.2f} with changes elsewhere, {:6.2f} with changes".format(*rounds[-1]))
    calm, elsewhere, changing = (median(column) for column in zip(*rounds, strict=True))
    print(f"median of p99 {calm:.2f} ms calm, {elsewhere:.2f} with changes elsewhere, {changing:.2f} with changes")
    print(f"p99 of lists while changes come: {changing / elsewhere:.2f} of that while as many are made elsewhere")


def measure(target: Target, seconds: float) -> Round:
    """Ask for lists, first alone, then while keys change elsewhere, and then while they change here."""
    calm = p99(target, seconds)
    with writing(target.elsewhere):
        elsewhere = p99(target, seconds)
    with writing(target.here):
        return Round(calm, elsewhere, p99(target, seconds))


def p99(target: Target, seconds: float) -> float:
    """Milliseconds of the slowest hundredth of lists."""
    return quantiles(list_times(target.port, target.key, seconds), n=100)[98]


@contextmanager
def writing(changed: Changed) -> Iterator[None]:
    """Have keys changed; fail if that cannot keep its rate."""
    command = [sys.executable, "-m", "benchmarks.admin_writes", "--write", str(changed.port)]
    writer = subprocess.Popen(
        [*command, changed.admin_key, ",".join(changed.key_ids)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    writer.stdout.readline()  # the first change is made
    begun = time.monotonic()
    yield
    lasted = time.monotonic() - begun
    writer.terminate()
    count = len(writer.communicate()[0].splitlines())
    if count < WRITES_PER_SECOND * lasted * 0.9:
        sys.exit(
            f"Only {count / lasted:.0f} changes a second were made; run this on a machine that does nothing else."
        )


def change(port: int, admin_key: str, key_ids: list[str]) -> None:
    """Change keys at an even rate until the process is ended; print a line for each change."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LOST)
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


@contextmanager
def targets(folder: Path, place: Place | None) -> Iterator[Target]:
    """Serve two new databases; changes of the first are made where ``place`` says."""
    with ExitStack() as stack:
        flags = ["--admin-host", "127.0.0.1"] if place is Place.LISTENER else []
        url, key, here = filled(folder / "callsheet.db")
        ports = stack.enter_context(server(url, *flags))
        port = stack.enter_context(server(url))[0] if place is Place.APART else ports[0]
        other, _, elsewhere = filled(folder / "other.db")
        others = stack.enter_context(server(other))
        yield Target(ports[-1], key, here._replace(port=port), elsewhere._replace(port=others[0]))


def filled(path: Path) -> tuple[str, str, Changed]:
    """Make a database with some keys; return its address, the secret of a key, and what can be changed."""
    url = f"sqlite:///{path}"
    store = open_store(url, SYSTEM_CLOCK.now)
    access = AccessService(store, "benchmark", SYSTEM_CLOCK.now)
    ids = [access.create_key(f"first {number}").key.id for number in range(_KEYS)]
    key = access.create_key("lists").secret
    admin_key = AdminKeyService(store, "benchmark", SYSTEM_CLOCK.now).create("benchmark", [Scope.KEYS]).secret
    return url, key, Changed(0, admin_key, ids)


if __name__ == "__main__":
    main()
