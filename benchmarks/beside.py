"""A server that is asked for lists at an even rate, while something else is done beside it."""

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

LISTS_PER_SECOND: Final = 400

#: Seconds that an answer may take, and a server to start.
LOST: Final = 30.0

_LISTENING: Final = "0A"  # as the kernel writes the state of a socket


def list_times(port: int, key: str, seconds: float) -> list[float]:
    """Milliseconds that lists take that are asked for at an even rate, each in its turn."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LOST)
    headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
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
    return taken


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


def pin_server_of(port: int, core: int) -> None:
    """Give one core to the process that answers on a port, if it is a child of a server that was started here."""
    inode = next(
        fields[9]
        for fields in (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[1].endswith(f":{port:04X}") and fields[3] == _LISTENING
    )
    for parent in _children(os.getpid()):
        for child in _children(parent):
            if any(_target(file) == f"socket:[{inode}]" for file in Path(f"/proc/{child}/fd").iterdir()):
                for thread in Path(f"/proc/{child}/task").iterdir():
                    os.sched_setaffinity(int(thread.name), {core})


def _children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def _target(file: Path) -> str:
    with suppress(OSError):  # closed meanwhile
        return str(file.readlink())
    return ""
