"""The program as a process of its own."""

import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar

from tests import starter

#: Seconds after which a test gives up; a busy machine is slow, a bug takes for ever.
DEADLINE: Final = 60.0

COMMAND: Final = starter.COMMAND

T = TypeVar("T")


def call(
    *arguments: str, env: Mapping[str, str] | None = None, cwd: Path | None = None, fresh: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run ``callsheet`` to its end."""
    with Program(*arguments, env=env, cwd=cwd, fresh=fresh) as program:
        code = program.ended()
        return subprocess.CompletedProcess([*COMMAND, *arguments], code, program.stdout, program.stderr)


def run_program(text: str, *arguments: str, deadline: float = DEADLINE) -> subprocess.CompletedProcess[str]:
    """Run a Python program that uses Callsheet to its end; it is forked where all of that is imported already."""
    folder = Path(__file__).parents[1]
    with Program(text, *arguments, cwd=folder, command=starter.PROGRAM) as program:
        code = program.process.wait(deadline)
        return subprocess.CompletedProcess(
            [*starter.PROGRAM, text, *arguments], code, program.stdout, program.stderr
        )


def wait_for(condition: Callable[[], T | Literal[False] | None], what: str = "the condition") -> T:
    """Return what ``condition`` returns as soon as that is true."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < end, f"waited {DEADLINE:g} s in vain for {what}"
        time.sleep(0.01)
    return value


class Program:
    """A running ``callsheet``. Leaving it kills what still runs; on a failure its output is printed.

    Give ``command`` to run something else in the same manner, and ``fresh`` to have no fork in place of a start.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path | None = None,
        command: Sequence[str] = COMMAND,
        env: Mapping[str, str] | None = None,
        fresh: bool = False,
    ) -> None:
        self._folder = TemporaryDirectory(prefix="callsheet-test-")
        self._files = {name: Path(self._folder.name, name) for name in ("stdout", "stderr")}
        with self._files["stdout"].open("wb") as stdout, self._files["stderr"].open("wb") as stderr:
            whole = {**os.environ, **(env or {})}
            self.process = starter.start([*command, *arguments], cwd, whole, stdout, stderr, fresh=fresh)

    @property
    def stdout(self) -> str:
        """What it has printed so far."""
        return self._files["stdout"].read_text()

    @property
    def stderr(self) -> str:
        """What it has complained of so far."""
        return self._files["stderr"].read_text()

    def printed(self, pattern: str) -> re.Match[str]:
        """Wait until stdout holds ``pattern``."""

        def look() -> re.Match[str] | None:
            ended = self.process.poll() is not None
            found = re.search(pattern, self.stdout)
            assert found or not ended, f"it ended without printing {pattern!r}: {self.stdout}{self.stderr}"
            return found

        found = wait_for(look, f"{pattern!r} on stdout")
        assert found is not None
        return found

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def ended(self) -> int:
        """Wait for its end; return its exit code, negative if a signal killed it."""
        return self.process.wait(DEADLINE)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end."""
        self.send(number)
        return self.ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):  # workers outlive a first process that a signal has killed
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(DEADLINE)
        if kind is not None:
            print(f"--- stdout of {self.process.args!r}\n{self.stdout}--- stderr\n{self.stderr}--- end")
        self._folder.cleanup()


class Server(Program):
    """``callsheet serve`` on a free port; on the default database if ``database`` is None."""

    def __init__(
        self,
        database: Path | None,
        *arguments: str,
        cwd: Path | None = None,
        command: Sequence[str] = COMMAND,
        fresh: bool = False,
    ) -> None:
        named = () if database is None else ("--database", f"sqlite:///{database}")
        super().__init__("serve", "--port", "0", *named, *arguments, cwd=cwd, command=command, fresh=fresh)

    def wait_until_up(self) -> Self:
        """Wait until it has said where it is and has answered once."""
        found = self.printed(
            r"Callsheet serves (?:(\d+) models?|the models of \S+) at (http://(\[?[^\s/]+\]?):(\d+))\n(.*\n)*"
        )
        self.url = found[2]
        self.host, self.port = found[3].strip("[]"), int(found[4])
        assert self.get("/readyz")[0] == 200
        return self

    def __enter__(self) -> Self:
        try:
            return self.wait_until_up()
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise

    @property
    def key(self) -> str:
        """The key it printed."""
        return self.printed(r"ANTHROPIC_API_KEY=(\S+)\n")[1]

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays open."""
        return http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE)

    def get(self, target: str, key: str = "") -> tuple[int, Any]:
        """Status and JSON of one request."""
        connection = self.connect()
        try:
            connection.request("GET", target, headers=credentials(key) if key else {})
            response = connection.getresponse()
            return response.status, json.load(response)
        finally:
            connection.close()


def credentials(key: str) -> dict[str, str]:
    """The headers of an Anthropic client."""
    return {"x-api-key": key, "anthropic-version": "2023-06-01"}
