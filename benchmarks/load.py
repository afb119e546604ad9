"""The load: wrk with one thread and 32 connections that stay open, and what it reports."""

import itertools
import json
import os
import re
import resource
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from typing import Final, NamedTuple

from benchmarks.process import Process
from benchmarks.requests import AS_IT_IS, Kind, Numbered, script

CONNECTIONS: Final = 32

_RESULT = re.compile(r"^RESULT (.*)$", re.MULTILINE)
_runs = itertools.count(1)


class Measured(NamedTuple):
    """One run. Latencies in microseconds."""

    rate: float
    p50: float
    p99: float
    p999: float
    longest: float
    cpu_microseconds: float
    server_cores: float
    load_cores: float


def measure(
    server: Process,
    kind: Kind,
    ids: Numbered,
    seconds: float,
    cores: frozenset[int],
    connections: int = CONNECTIONS,
    accepted: str = AS_IT_IS,
) -> Measured:
    """Send requests of one kind for ``seconds``; longer where not one was answered in that time.

    Raises
    ------
    RuntimeError
        A request failed, or none was answered.
    """
    port = server.ports[kind]
    return measure_script(server, port, script(kind, ids, port, next(_runs), accepted), seconds, cores, connections)


def measure_script(
    server: Process, port: int, lua: str, seconds: float, cores: frozenset[int], connections: int = CONNECTIONS
) -> Measured:
    """Send what a script for wrk says, for ``seconds``; errors and all else as for `measure`."""
    for length in (seconds, 4 * seconds, 16 * seconds, 64 * seconds):
        load_before, cpu_before = _load_cpu_seconds(), server.cpu_seconds
        reported = _run_wrk(port, lua, length, cores, connections)
        if reported["failed"]:
            raise RuntimeError(f"{reported['failed']:g} of {reported['requests']:g} requests failed.")
        if reported["requests"]:
            break
    else:
        raise RuntimeError(f"No request was answered in {length:g} s.")
    cpu, wall = server.cpu_seconds - cpu_before, reported["microseconds"] / 1e6
    return Measured(
        reported["requests"] / wall,
        reported["p50"],
        reported["p99"],
        reported["p999"],
        reported["longest"],
        cpu * 1e6 / reported["requests"],
        cpu / wall,
        (_load_cpu_seconds() - load_before) / wall,
    )


def _run_wrk(port: int, lua: str, seconds: float, cores: frozenset[int], connections: int) -> dict[str, float]:
    """Run wrk once; return what the script reports at its end."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(lua)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", "--latency", "--timeout", "60s", f"-d{int(seconds) + 5}s"]
        wrk = subprocess.Popen(
            [*command, "-s", file.name, f"http://127.0.0.1:{port}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        try:
            time.sleep(seconds)
            wrk.send_signal(signal.SIGINT)  # ends the run, with a report
            output, _ = wrk.communicate(timeout=90)
        finally:
            with suppress(ProcessLookupError):
                wrk.kill()
            wrk.wait()
    found = _RESULT.search(output)
    if found is None:
        raise RuntimeError(f"wrk did not report:\n{output}")
    reported: dict[str, float] = json.loads(found[1])
    return reported


def _load_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)  # of wrk alone: no server has been waited for meanwhile
    return usage.ru_utime + usage.ru_stime
