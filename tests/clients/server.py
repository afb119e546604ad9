"""A real Callsheet server, prepared with the command line and asked over HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any, Final

import httpx2

KEY: Final = "sk-test-0123456789abcdef"

PLAIN: Final = "claude-test-2"
SLASH: Final = "hf.co/acme/claude-maple-7b:Q4_K_M"
AT: Final = "vertex/claude-oak@20260102"
PLUS: Final = "acme/claude-elm+tools"
FOREIGN: Final = "gemma-test"
HIDDEN: Final = "claude-hidden-test"
LONG_CONTEXT: Final = "claude-test-2[1m]"
SPACES: Final = "Claude Maple 7B+"
ROOTED: Final = "/data/models/claude-maple-7b"
CHINESE: Final = "我的/claude 模型"

#: Ids that no raw path can carry, so that a client must encode what it puts there.
ENCODED: Final = (
    "/data/models/claude-oak/",
    "../models/claude-elm.gguf",
    "is it claude? #1 100%",
    "acme/./claude;v=1",
    "claude *!'()~,$&=",
)

ALIASES: Final = {"claude-test-latest": PLAIN, "team/default:latest": SLASH}

#: What is retrieved in the tests, and the id of the answer.
NAMES: Final = {
    name: name for name in (SLASH, PLAIN, AT, PLUS, HIDDEN, LONG_CONTEXT, SPACES, ROOTED, CHINESE)
} | ALIASES

# All were released at once, so that their order is that of their lines and ids.
_ADDED: Final[dict[str, list[str]]] = {
    PLAIN: ["--line", "sonnet"],
    SLASH: ["--line", "opus", "--max-input-tokens", "200000", "--description", "A small model of our own."],
    AT: ["--line", "opus"],
    PLUS: ["--line", "haiku", "--max-tokens", "64000"],
    FOREIGN: ["--line", "gemma"],
    HIDDEN: ["--line", "opus", "--hidden"],
    LONG_CONTEXT: ["--line", "sonnet", "--max-input-tokens", "1000000"],
    SPACES: ["--line", "opus"],
    ROOTED: ["--line", "opus"],
    CHINESE: ["--line", "opus"],
    **{name: ["--line", "haiku"] for name in ENCODED},
}

_LINES: Final = ("mythos", "fable", "opus", "sonnet", "haiku")
_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+")
_DEADLINE: Final = 60.0  # seconds; only a broken server takes that long


@dataclass(frozen=True)
class ClientServer:
    """A running server and what is in it."""

    url: str
    key: str
    catalog: list[dict[str, Any]]
    home: Path  # an empty folder: no client finds settings of the person who runs the tests

    @property
    def model_ids(self) -> list[str]:
        """What a list without a filter holds, newest first."""
        return self.ids_of("active", "deprecated")

    def ids_of(self, *lifecycles: str) -> list[str]:
        """What a list of these stages holds, newest first (contract, section 3)."""
        listed = [model for model in self.catalog if model["lifecycle"] in lifecycles and not model["hidden"]]
        return [model["id"] for model in sorted(listed, key=_order)]

    def connect(self, headers: dict[str, str]) -> httpx2.Client:
        """A plain HTTP client that does nothing by itself."""
        return httpx2.Client(base_url=self.url, headers=headers, trust_env=False, timeout=_DEADLINE)


def _order(model: dict[str, Any]) -> tuple[float, int, str]:
    line = model["line"]
    rank = _LINES.index(line) if line in _LINES else len(_LINES)
    return -datetime.fromisoformat(model["created_at"]).timestamp(), rank, model["id"]


@contextmanager
def run_server(folder: Path) -> Iterator[ClientServer]:
    """Fill a database in `folder`, serve it, and at the end see the server stop as it should."""
    database = f"sqlite:///{folder / 'callsheet.db'}"
    home = folder / "home"
    home.mkdir()
    _callsheet(folder, "migrate", "--database", database)
    _callsheet(folder, "keys", "create", "--name", "tests", "--secret", KEY, "--database", database)
    for model_id, options in _ADDED.items():
        named = ["--display-name", model_id.title(), "--created-at", "2026-01-02T00:00:00Z"]
        _callsheet(folder, "catalog", "add", model_id, *named, *options, "--database", database)
    for alias, model_id in ALIASES.items():
        _callsheet(folder, "catalog", "alias", alias, model_id, "--database", database)
    catalog = json.loads(_callsheet(folder, "catalog", "list", "--json", "--database", database))

    with subprocess.Popen(
        [*_COMMAND, "serve", "--host", "127.0.0.1", "--port", "0", "--database", database],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            url = _address(process)
            _wait_until_healthy(url)
            yield ClientServer(url, KEY, catalog, home)
            process.send_signal(signal.SIGTERM)
            assert process.wait(_DEADLINE) == 0, "the server did not stop cleanly on SIGTERM"
        finally:
            process.kill()  # nothing is left running, whatever went wrong above


_COMMAND: Final = (sys.executable, "-m", "callsheet")


def _callsheet(folder: Path, *arguments: str) -> str:
    """Run one command to its end and return what it printed."""
    done = subprocess.run(
        [*_COMMAND, *arguments],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=_DEADLINE,
        check=False,
    )
    assert done.returncode == 0, f"callsheet {' '.join(arguments)}: {done.stderr}"
    return done.stdout


def _environment() -> dict[str, str]:
    """The environment without the settings of the person who runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CALLSHEET_")}


def _address(process: "subprocess.Popen[str]") -> str:
    """Wait for the server to say where it listens; from then on its output is read and dropped."""
    assert process.stdout is not None
    found: SimpleQueue[str | None] = SimpleQueue()
    printed: list[str] = []
    Thread(target=_read, args=(process.stdout, printed, found), daemon=True).start()
    try:
        url = found.get(timeout=_DEADLINE)
    except Empty:
        url = None
    assert url is not None, f"the server did not say where it listens, but: {''.join(printed)}"
    return url


def _read(output: IO[str], printed: list[str], found: "SimpleQueue[str | None]") -> None:
    """Read to the end, or a full pipe would stop the server."""
    for line in output:
        printed.append(line)
        if address := _ADDRESS.search(line):
            found.put(address[0])
    found.put(None)


def _wait_until_healthy(url: str) -> None:
    transport = httpx2.HTTPTransport(retries=5)  # of connecting only, at growing intervals
    with httpx2.Client(base_url=url, transport=transport, timeout=_DEADLINE) as client:
        assert client.get("/healthz").status_code == 200
