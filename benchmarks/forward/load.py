"""The load: streams and bodies read by wrk, uploads and first bytes by a client with a plain socket."""

import os
import re
import socket
import subprocess
import time
from typing import Final, NamedTuple

from benchmarks.process import Process

_REQUESTS: Final = re.compile(r"(\d+) requests in ([\d.]+)(ms|s|m),")
_FAILED: Final = re.compile(r"Socket errors|Non-2xx")
_PIECE: Final = bytes(256 * 1024)


class Flow(NamedTuple):
    """What went through: answers, or bytes, a second; and processor time of the proxy for each."""

    rate: float
    cpu_seconds: float


def flow(port: int, process: Process, path: str, connections: int, seconds: int, core: int) -> Flow:
    """Ask for ``path`` for ``seconds``, over and over, and read the answers.

    Raises
    ------
    RuntimeError
        A request failed, or none was answered.
    """
    before = process.cpu_seconds
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}", "--timeout", "60", f"http://127.0.0.1:{port}{path}"],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    found = _REQUESTS.search(done.stdout)
    if found is None or _FAILED.search(done.stdout) or not int(found[1]):
        raise RuntimeError(done.stdout)
    length = float(found[2]) * {"ms": 0.001, "s": 1.0, "m": 60.0}[found[3]]
    return Flow(int(found[1]) / length, (process.cpu_seconds - before) / int(found[1]))


def upload(port: int, process: Process, mebibytes: int) -> Flow:
    """Send a body; return bytes a second and processor time for each."""
    before, begun, size = process.cpu_seconds, time.perf_counter(), mebibytes * 2**20
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"POST /ok HTTP/1.1\r\nhost: gateway\r\ncontent-length: %d\r\n\r\n" % size)
        for _ in range(size // len(_PIECE)):
            connection.sendall(_PIECE)
        if not connection.recv(4096).startswith(b"HTTP/1.1 200"):
            raise RuntimeError("The upload failed.")
    return Flow(size / (time.perf_counter() - begun), (process.cpu_seconds - before) / size)


class FirstByte:
    """A client that keeps its connection, and measures how long the first event of a stream takes."""

    def __init__(self, port: int) -> None:
        self._connection = socket.create_connection(("127.0.0.1", port))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def measure(self) -> float:
        """Return seconds."""
        begun = time.perf_counter()
        self._connection.sendall(b"POST /stream/1 HTTP/1.1\r\nhost: gateway\r\ncontent-length: 2\r\n\r\n{}")
        data = b""
        while b"content_block_delta" not in data:
            data += self._connection.recv(65536)
        taken = time.perf_counter() - begun
        while not data.endswith(b"0\r\n\r\n"):
            data += self._connection.recv(65536)
        return taken
