"""Install the official client libraries that the tests beside this file drive.

`python tests/clients/install.py` makes, from hash-locked requirements, one virtual environment for each Python
client and one folder for the TypeScript clients, all in `.clients/` at the project's root. What is already
there and up to date is left alone.

To move to another release, write the new lock with `uv pip compile --universal --python-version 3.11
--generate-hashes --no-header --no-annotate` (the oldest anthropic needs httpx<0.28), or in `node/` with
`npm install --package-lock-only --omit-lockfile-registry-resolved`; no lock may name a download address.
"""

import fcntl
import hashlib
import importlib.util
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
CLIENTS: Final = HERE.parents[1] / ".clients"
STAMP: Final = ".made-from"  # written last: a folder without it is half made

_OLDEST_NODE: Final = 20


def main() -> None:
    """Make what is missing or out of date."""
    CLIENTS.mkdir(exist_ok=True)
    with _alone(), ThreadPoolExecutor() as pool:
        made = pool.map(_install_python_client, sorted((HERE / "requirements").glob("*.txt")))
        _install_typescript_clients()
        list(made)  # raises what went wrong


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until nobody else installs into the same folder."""
    with (CLIENTS / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install_python_client(requirements: Path) -> None:
    folder = CLIENTS / requirements.stem
    python = folder / "bin" / "python"
    stamp = f"{_digest(requirements)} Python {platform.python_version()}"
    if _is_made(folder, stamp) and python.exists():
        return
    _run([sys.executable, "-m", "venv", "--without-pip", "--clear", str(folder)])
    _run([*_pip(), "--python", str(python), "install", "--require-hashes", "--requirement", str(requirements)])
    (folder / STAMP).write_text(stamp)
    print(f"Made {folder}.")


def _install_typescript_clients() -> None:
    folder = CLIENTS / "node"
    sources = [HERE / "node" / name for name in ("package.json", "package-lock.json")]
    stamp = _digest(*sources)
    if _is_made(folder, stamp):
        return
    npm = shutil.which("npm")
    if npm is None or _node_version() < _OLDEST_NODE:
        print(f"The TypeScript clients are left out: install Node.js {_OLDEST_NODE} or newer with npm.")
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for source in sources:
        shutil.copy(source, folder)
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
    (folder / STAMP).write_text(stamp)
    print(f"Made {folder}.")


def _is_made(folder: Path, stamp: str) -> bool:
    found = folder / STAMP
    return found.is_file() and found.read_text() == stamp


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _pip() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    pip = shutil.which("pip")
    if pip is None:
        sys.exit("The Python clients need pip 22.3 or newer; install it (Debian: apt-get install python3-pip).")
    return [pip, "--disable-pip-version-check"]


def _node_version() -> int:
    """The major version of Node.js; 0 if there is none."""
    node = shutil.which("node")
    if node is None:
        return 0
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    return int(version.removeprefix("v").partition(".")[0])


def _run(command: list[str], folder: Path | None = None) -> None:
    """Run `command` silently; if it fails, show what it said and stop."""
    done = subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{done.stdout}This failed: {' '.join(command)}")


if __name__ == "__main__":
    main()
