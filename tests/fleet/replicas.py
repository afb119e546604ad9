"""Replicas: `callsheet serve` processes that keep their port when they are started again."""

import http.client
import json
import socket
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from tests.program import DEADLINE, Program, credentials, wait_for

#: What every replica is started with beside database and port.
_ALWAYS: Final = ("--host", "127.0.0.1")

#: Holds what makes the time of day of a replica another.
_CLOCK: Final = Path(__file__).parent / "clock"


class Replica:
    """One of the fleet.

    Parameters
    ----------
    number
        For people.
    database
        The URL it is given.
    arguments
        More flags of ``serve``.
    clock
        A file with the seconds by which its time of day is off; None to leave that as it is.
    """

    def __init__(self, number: int, database: str, *arguments: str, clock: Path | None) -> None:
        self.number = number
        self._environment = {} if clock is None else {"FLEET_CLOCK": str(clock), "PYTHONPATH": str(_CLOCK)}
        self.port = _free_port()
        self._arguments = ("serve", "--port", str(self.port), "--database", database, *_ALWAYS, *arguments)
        self._program: Program | None = None
        self.is_live = False
        """Whether its answers count: not while it is being killed or started."""

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._program is not None
        return self._program.process.pid

    def start(self) -> Self:
        """Run; see `wait_until_ready`."""
        self._program = Program(*self._arguments, env=self._environment)
        return self

    def wait_until_ready(self) -> Self:
        """Wait until it answers from a state of its own; from then on its answers count."""
        wait_for(
            lambda: self._runs() and self.ready().get("status") in ("ok", "degraded"), f"replica {self.number}"
        )
        self.is_live = True
        return self

    def _runs(self) -> bool:
        assert self._program is not None
        ended = self._program.process.poll() is not None
        assert not ended, f"replica {self.number} ended:\n{self._program.stdout}{self._program.stderr}"
        return True

    def ready(self) -> dict[str, Any]:
        """What ``/readyz`` says, whatever its status; empty if nobody answers."""
        try:
            return dict(json.loads(self.get("/readyz")[1]))
        except (OSError, http.client.HTTPException):
            return {}

    def get(self, target: str, key: str = "") -> tuple[int, bytes]:
        """Status and body of one request on a connection of its own."""
        with closing(self.connect()) as connection:
            return ask(connection, target, key)

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)

    def kill(self) -> None:
        """End it as a power cut does; its answers have not counted from just before."""
        self.is_live = False
        assert self._program is not None
        self._program.process.kill()
        self._program.ended()
        self._program.__exit__(None, None, None)
        self._program = None

    def stop(self) -> None:
        """End whatever runs."""
        self.is_live = False
        if self._program is not None:
            with suppress(ProcessLookupError):
                self._program.process.kill()
            self._program.__exit__(None, None, None)
            self._program = None

    @property
    def complaints(self) -> str:
        """What it has written on stderr."""
        return "" if self._program is None else self._program.stderr

    def resident_bytes(self) -> int:
        """Memory of the process."""
        fields = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * 4096

    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


class Fleet:
    """Replicas on one database. Leaving it ends them all; on a failure it prints what they complained of."""

    def __init__(self, database: str, count: int, *arguments: str, clock: Path | None) -> None:
        self.replicas = [Replica(number, database, *arguments, clock=clock) for number in range(count)]

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for replica in self.replicas:
                replica.start()
                stack.callback(replica.stop)
            for replica in self.replicas:
                replica.wait_until_ready()
            stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for replica in self.replicas:
            if kind is not None:
                print(f"--- replica {replica.number}\n{replica.complaints}--- end")
            replica.stop()

    def caught_up(self, revision: int) -> bool:
        """Return whether every live replica answers from this revision and has its database."""
        told = [replica.ready() for replica in self.replicas if replica.is_live]
        return all(each.get("revision") == revision and each.get("status") == "ok" for each in told)

    def seconds_until_caught_up(self, revision: int, since: float) -> float:
        """Wait for `caught_up`; return how long that took since a time of the monotonic clock."""
        wait_for(lambda: self.caught_up(revision), f"revision {revision} everywhere: {self.told()}")
        return time.monotonic() - since

    def told(self) -> list[dict[str, Any]]:
        """What each replica says of itself."""
        return [replica.ready() for replica in self.replicas]


def ask(connection: http.client.HTTPConnection, target: str, key: str) -> tuple[int, bytes]:
    """Status and body of one request."""
    connection.request("GET", target, headers=credentials(key) if key else {})
    response = connection.getresponse()
    return response.status, response.read()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
