"""Keys that a gateway knows: how much later the first answer comes than the gateway's own, and what a crowd costs.

    python -m benchmarks.delegated [KEYS]

A gateway (a list of 60 models to each key) and the server run in processes of their own. Each new key asks the
gateway itself and the server in turn, over connections that are kept. Then KEYS new keys ask at once, while a key
that is known goes on asking: in turn, they ask a second server on this machine, and the same one.
"""

import asyncio
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.process import Launch, Process, free_port
from benchmarks.requests import Kind

_MODELS: Final = 60
_ROUNDS: Final = 300
_ROUNDS_OF_CROWDS: Final = 9  # the machine is another from one to the next, by more than what is measured
_KNOWN: Final = "sk-of-the-known-one"
_GATEWAY_SECONDS: Final = 0.05  # that an answer takes, where many ask at once


class Meanwhile(NamedTuple):
    """How long the answers to one key take, in microseconds, and how many there were."""

    p50: float
    p99: float
    answers: int

    def __str__(self) -> str:
        return f"p50 {self.p50:4.0f} us, p99 {self.p99:5.0f} us"


def main(keys: int = 1000) -> None:
    """Measure, and print."""
    with tempfile.TemporaryDirectory() as folder, _running(Path(folder)) as (gateway, server, other, process):
        own, ours, again = _in_turns(gateway, server)
        print(f"the gateway's own answer      {own * 1e3:7.2f} ms (median of {_ROUNDS})")
        print(f"first answer of a new key     {ours * 1e3:7.2f} ms, {(ours - own) * 1e3:.2f} ms later")
        print(f"second answer of that key     {again * 1e3:7.2f} ms")
        quiet, _ = _meanwhile(server, server, 0)
        rounds = [_round(server, other, keys, process) for _ in range(_ROUNDS_OF_CROWDS)]
        most = json.loads(_get(gateway, "/most", "x"))["most"]
        seconds, spent = (statistics.median(each) for each in list(zip(*rounds, strict=True))[2:])
        print(f"{keys:,} new keys at once: {seconds:.2f} s, at most {most} questions under way")
        print(f"the server's processor time   {spent / keys * 1e3:7.2f} ms a new key, the known one's included")
        print(f"a known key, alone            {quiet}")
        for beside, busy, _, _ in rounds:
            print(f"… while another is asked      {beside}; while it is itself {busy}")
        ratios = sorted(busy.p50 / beside.p50 for beside, busy, _, _ in rounds)
        print(
            f"p50, asked itself to another  {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


def _round(server: int, other: int, keys: int, process: Process) -> tuple[Meanwhile, Meanwhile, float, float]:
    """A known key while another server is asked, and while its own is; how long that took, and its CPU seconds."""
    beside, _ = _meanwhile(server, other, keys)
    before = process.cpu_seconds
    busy, seconds = _meanwhile(server, server, keys)
    return beside, busy, seconds, process.cpu_seconds - before


@contextmanager
def _running(folder: Path) -> Iterator[tuple[int, int, int, Process]]:
    """A gateway, and two servers that ask it: their ports, and the first server."""
    ports = free_port(), free_port(), free_port()
    database = f"sqlite:///{folder}/callsheet.db"
    _callsheet("migrate", "--database", database)
    _add_source(database, ports[0])
    cores = frozenset(os.sched_getaffinity(0))
    gateway = Launch([sys.executable, "-m", "benchmarks.delegated", "--gateway", str(ports[0])], {})
    serve = [sys.executable, "-m", "callsheet", "serve", "--database", database, "--port"]
    first, second = (Launch([*serve, str(port)], {Kind.LIST: port}) for port in ports[1:])
    with (
        Process(gateway, cores, (ports[0], "/most")),
        Process(first, cores, (ports[1], "/healthz")) as running,
        Process(second, cores, (ports[2], "/healthz")),
    ):
        yield *ports, running


def _add_source(database: str, port: int) -> None:
    from benchmarks.changer import _now
    from callsheet.service.setup import open_store
    from callsheet.service.sync.config import SourceConfig
    from callsheet.service.sync.sources import SourcesService
    from callsheet.sources.upstream import SourceKind

    sources = SourcesService(open_store(database, _now), "benchmark", _now)
    url = f"http://127.0.0.1:{port}"
    sources.add("gateway", SourceConfig(kind=SourceKind.OPENAI, url=url, asks_keys=True, every_seconds=0))


def _callsheet(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "callsheet", *arguments], check=True, capture_output=True)


def _in_turns(gateway: int, server: int) -> tuple[float, float, float]:
    """The medians of the gateway's answers, of the first ones here, and of the second."""
    times: list[list[float]] = [[], [], []]
    connections = [http.client.HTTPConnection("127.0.0.1", port) for port in (gateway, server, server)]
    for number in range(_ROUNDS + 20):
        for connection, spent in zip(connections, times, strict=True):
            begun = time.perf_counter()
            _get_over(connection, "/v1/models", f"sk-number-{number}")
            spent.append(time.perf_counter() - begun)
    for connection in connections:
        connection.close()
    own, ours, again = (statistics.median(spent[20:]) for spent in times)
    return own, ours, again


def _get(port: int, target: str, key: str) -> bytes:
    return _get_over(http.client.HTTPConnection("127.0.0.1", port), target, key)


def _get_over(connection: http.client.HTTPConnection, target: str, key: str) -> bytes:
    connection.request("GET", target, headers={"authorization": f"Bearer {key}"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{target} was answered with {response.status}: {body.decode()}")
    return body


def _meanwhile(server: int, asked: int, keys: int) -> tuple[Meanwhile, float]:
    """How a known key is answered while a process lets new keys ask at once, and how long that takes; or alone.

    The new keys ask the server at the port ``asked``; if that is another one, they share nothing but the machine.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server)
    _get_over(connection, "/v1/models", _KNOWN)
    begun = time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.delegated", "--crowd", str(asked), str(keys), str(begun)]
    crowd = subprocess.Popen(command) if keys else None
    times: list[float] = []
    while (crowd.poll() is None if crowd else time.perf_counter() < begun + 1) or not times:
        sent = time.perf_counter()
        _get_over(connection, "/v1/models", _KNOWN)
        times.append((time.perf_counter() - sent) * 1e6)
        time.sleep(0.001)
    if crowd is not None and crowd.returncode:
        raise RuntimeError("the crowd was not answered")
    connection.close()
    hundredths = statistics.quantiles([*times, *times], n=100)
    return Meanwhile(hundredths[49], hundredths[98], len(times)), time.perf_counter() - begun


async def _crowd(server: int, keys: int, name: str) -> None:
    """Let new keys ask at once."""
    await asyncio.gather(*(_ask_once(server, f"sk-crowd-{name}-{number}-slow") for number in range(keys)))


async def _ask_once(port: int, key: str) -> None:
    """Ask, and again when the server says so, as SDKs do: it lets callers wait only so long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (seconds := await _ask(reader, writer, key)) is not None:
        await asyncio.sleep(seconds)
    writer.close()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> float | None:
    """Ask once; return after how many seconds to ask again, or None if there was a list."""
    writer.write(f"GET /v1/models HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n".encode())
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}
    await reader.readexactly(int(headers[b"content-length"]))
    if status.startswith(b"HTTP/1.1 529"):
        return float(headers[b"retry-after"])
    if not status.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(status.decode())
    return None


async def _serve_gateway(port: int) -> None:
    """List the same models to every key; to one that is called slow, after a while."""
    rows = [{"id": f"model-{number}", "object": "model", "created": 1_700_000_000} for number in range(_MODELS)]
    body = json.dumps({"object": "list", "data": rows}).encode()
    under_way, most = 0, 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                under_way += 1
                most = max(most, under_way)
                if b"-slow\r\n" in head:
                    await asyncio.sleep(_GATEWAY_SECONDS)
                under_way -= 1
                sent = json.dumps({"most": most}).encode() if head.startswith(b"GET /most") else body
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(sent), sent))
        except asyncio.IncompleteReadError:
            writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", port, backlog=2048) as server:
        await server.serve_forever()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--gateway"]:
        asyncio.run(_serve_gateway(int(sys.argv[2])))
    elif sys.argv[1:2] == ["--crowd"]:
        asyncio.run(_crowd(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]))
    else:
        main(*map(int, sys.argv[1:]))
