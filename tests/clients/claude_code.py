"""Claude Code itself, run without a screen until it has decided about a list; nothing leaves the machine."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, Final

from tests.clients.installed import CLIENTS, can_run_claude_code, installed
from tests.clients.programs import be_without

#: Releases that are installed, the newest first.
RELEASES: Final = ("2.1.332", "2.1.248", "2.1.223", "2.1.222", "2.1.129")

KEY: Final = "sk-test-0123456789abcdef"

#: The variables that hold a credential, by what the doctor calls the way of asking.
CREDENTIALS: Final[Mapping[str, Mapping[str, str]]] = {
    "ANTHROPIC_AUTH_TOKEN": {"ANTHROPIC_AUTH_TOKEN": KEY},
    "ANTHROPIC_API_KEY": {"ANTHROPIC_API_KEY": KEY},
    "both": {"ANTHROPIC_AUTH_TOKEN": KEY, "ANTHROPIC_API_KEY": KEY},
}

_OUTCOME: Final = re.compile(
    r"\[gatewayDiscovery\] ((?:cached|non-OK|response body|0 usable|fetch failed|failed).*)"
)
_SECONDS: Final = 90.0  # many times what a run takes
_TIMED_OUT: Final = "timed out"
_TRIES: Final = 5


@dataclass(frozen=True)
class Taken:
    """What a run made of a list: its own words for that, and what it keeps since (None: nothing so far)."""

    words: str
    kept: list[dict[str, Any]] | None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids that it keeps, each once."""
        return tuple(dict.fromkeys(model["id"] for model in self.kept or ()))


def program(release: str) -> str:
    """Return the path of a release; a machine that cannot run it is without the test, and CI must not be."""
    found = CLIENTS / "claude" / "node_modules" / f"claude-{release}" / "claude"
    if not can_run_claude_code():
        be_without("Claude Code's locked packages are for Linux on x86-64 with glibc.")
    if installed("claude") is None or not found.is_file():
        be_without(
            "Claude Code is missing; install Node.js 20 or newer with npm, "
            "then run: python -m tests.clients.install"
        )
    return str(found)


def discover(release: str, url: str, home: Path, environment: Mapping[str, str]) -> Taken:
    """Start a release, wait until it has said what became of the list, and end it.

    Where the machine was too busy to answer it in its three seconds, it is started again.
    """
    tries = (discover_once(release, url, home, environment) for _ in range(_TRIES))
    return next((taken for taken in tries if _TIMED_OUT not in taken.words), Taken(_TIMED_OUT, None))


def discover_once(release: str, url: str, home: Path, environment: Mapping[str, str]) -> Taken:
    """Do the same, however long the list took."""
    arguments = ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
    with _started(release, [*arguments, "--debug-to-stderr"], url, home, environment) as process:
        assert process.stderr is not None
        words = _outcome(process.stderr)
        _end(process)  # it writes the cache before it says so
    kept = home / ".claude" / "cache" / "gateway-models.json"
    return Taken(words, json.loads(kept.read_text("utf-8"))["models"] if kept.is_file() else None)


def offered(release: str, url: str, home: Path, environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the picker of a release, as it has it for programs: name and description by id."""
    arguments = ["-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose"]
    asked = {"type": "control_request", "request_id": "1", "request": {"subtype": "initialize"}}
    with _started(release, arguments, url, home, environment) as process:
        said, _ = process.communicate(f"{json.dumps(asked)}\n")
    (answer,) = [each for each in map(json.loads, said.splitlines()) if each.get("type") == "control_response"]
    models = answer["response"]["response"]["models"]
    return {model["value"]: (model["displayName"], model["description"]) for model in models}


def say_hello(release: str, url: str, home: Path, environment: Mapping[str, str]) -> None:
    """Let a release send a message, and wait for its end; it asks for the list before that."""
    with _started(release, ["-p", "hello"], url, home, environment) as process:
        process.communicate()


@contextmanager
def _started(
    release: str, arguments: list[str], url: str, home: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[str]"]:
    home.mkdir(exist_ok=True)
    with subprocess.Popen(
        [program(release), *arguments],
        cwd=home,
        env={**_alone(home), "ANTHROPIC_BASE_URL": url, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE if "--debug-to-stderr" not in arguments else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        late = Timer(_SECONDS, process.kill)
        late.start()
        try:
            yield process
        finally:
            late.cancel()
            _end(process)


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()


def _outcome(errors: Any) -> str:
    said: list[str] = []
    for line in errors:
        if found := _OUTCOME.search(line):
            return found[1].strip()
        said.append(line)
    raise AssertionError(f"It said nothing of a list: {''.join(said)[-2000:]}")


def _alone(home: Path) -> dict[str, str]:
    """An environment in which it reaches this machine and nothing else, and finds no settings of anybody."""
    nowhere = "http://127.0.0.1:9"  # a port that refuses
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY": "1",
        "DISABLE_AUTOUPDATER": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_ERROR_REPORTING": "1",
        "HTTPS_PROXY": nowhere,
        "HTTP_PROXY": nowhere,
        "NO_PROXY": "127.0.0.1",
    }
