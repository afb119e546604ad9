"""Server processes: started on a core of their own, stopped while not measured, watched by the system."""

import http.client
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from benchmarks.requests import AS_IT_IS, Kind, headers

#: Seconds until a server that has not answered is given up.
DEADLINE: Final = 600.0

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


class Launch(NamedTuple):
    """How a server is started.

    Parameters
    ----------
    command
        With its arguments.
    ports
        Where each kind of request is answered.
    environment
        What it needs beside ours.
    """

    command: Sequence[str]
    ports: Mapping[Kind, int]
    environment: Mapping[str, str] = {}


class Process:
    """A server, with all processes it starts. Leaving it ends them.

    Parameters
    ----------
    launch
        How to start it.
    cores
        Where it may run.
    target
        What is asked of it to see that it answers, with the port of its kind.
    """

    def __init__(self, launch: Launch, cores: frozenset[int], target: tuple[int, str]) -> None:
        self.ports = launch.ports
        self._output = tempfile.TemporaryFile("a+b")  # noqa: SIM115  # closed in _end
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            launch.command,
            env={**os.environ, **launch.environment},
            cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            start_new_session=True,  # so that a signal reaches all of them
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
        )
        try:
            self._wait_for(*target)
        except BaseException:
            self._end()
            raise
        self.start_seconds = time.perf_counter() - begun

    def _wait_for(self, port: int, target: str) -> None:
        end = time.monotonic() + DEADLINE
        while True:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._process.args!r} ended before it answered:\n{self.output}")
            with suppress(OSError, http.client.HTTPException):
                if get(port, target)[0] == 200:
                    return
            if time.monotonic() > end:
                raise RuntimeError(f"{self._process.args!r} did not answer in {DEADLINE:g} s:\n{self.output}")
            time.sleep(0.002)

    @property
    def output(self) -> str:
        """What it has printed so far."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def freeze(self) -> None:
        """Let it run no more, until thawed; what it has printed is dropped, as an access log grows quickly."""
        os.killpg(self._process.pid, signal.SIGSTOP)
        self._output.truncate(0)

    def thaw(self) -> None:
        """Let it run on."""
        os.killpg(self._process.pid, signal.SIGCONT)

    @contextmanager
    def thawed(self) -> Iterator[Self]:
        """Run it for as long as this lasts."""
        self.thaw()
        try:
            yield self
        finally:
            self.freeze()

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all its processes so far, of user and system."""
        return sum(map(_cpu_seconds, self._tree()))

    @property
    def resident_mib(self) -> float:
        """Resident memory of all its processes; what they share counts for each."""
        return sum(map(_resident_mib, self._tree()))

    def _tree(self) -> list[int]:
        tree = [self._process.pid]
        for pid in tree:  # grows while it is walked
            for children in _PROC.glob(f"{pid}/task/*/children"):
                with suppress(OSError):
                    tree.extend(map(int, children.read_text().split()))
        return tree

    def _end(self) -> None:
        with suppress(ProcessLookupError):
            self.thaw()
            os.killpg(self._process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(port: int, target: str, accepted: str = AS_IT_IS) -> tuple[int, bytes]:
    """Ask for ``target``, for a body as it is or in an ``accepted`` coding; return status and body as sent."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.putrequest("GET", target, skip_accept_encoding=True)
        for name, value in headers(accepted):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS  # utime, stime, and those of children it has waited for


def _resident_mib(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0
