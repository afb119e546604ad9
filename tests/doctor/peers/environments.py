"""Environments of the peers, made from locked requirements below `.bench/`."""

import json
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Final

from benchmarks.contenders import litellm

_HERE: Final = Path(__file__).parent
_FOLDER: Final = Path(".bench/peers").absolute()
_STAMP: Final = ".made-from"  # written last: a folder without it is half made

#: Where the programs are.
PYTHON: Final = _FOLDER / "python" / "bin"
NODE: Final = _FOLDER / "node" / "node_modules" / ".bin"


def install() -> None:
    """Make what is missing or out of date; a failure ends the program with what to do."""
    litellm.install()
    requirements = _HERE / "requirements.txt"
    if _begin("python", requirements):
        _run(sys.executable, "-m", "venv", "--clear", _FOLDER / "python")
        _run(sys.executable, litellm.INSTALLER, "--into", PYTHON / "python", requirements)
        _end("python", requirements)
    locked = [_HERE / "node" / name for name in ("package.json", "package-lock.json")]
    if _begin("node", *locked):
        shutil.rmtree(_FOLDER / "node", ignore_errors=True)
        (_FOLDER / "node").mkdir(parents=True)
        for file in locked:
            shutil.copy(file, _FOLDER / "node")
        _run("npm", "--prefix", _FOLDER / "node", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        _end("node", *locked)


def python_version(package: str) -> str:
    """Return which version of a Python package is locked."""
    lines = (_HERE / "requirements.txt").read_text().splitlines()
    return next(
        line.split()[0].partition("==")[2] for line in lines if line.startswith((f"{package}==", f"{package}["))
    )


def node_version(package: str) -> str:
    """Return which version of a Node.js package is locked."""
    lock = json.loads((_HERE / "node" / "package-lock.json").read_text())
    return str(lock["packages"][f"node_modules/{package}"]["version"])


def _begin(name: str, *sources: Path) -> bool:
    stamp = _FOLDER / name / _STAMP
    return not (stamp.is_file() and stamp.read_text() == _digest(*sources))


def _end(name: str, *sources: Path) -> None:
    (_FOLDER / name / _STAMP).write_text(_digest(*sources))


def _digest(*files: Path) -> str:
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _run(*command: str | Path) -> None:
    print(f"{command[0]}…", file=sys.stderr)
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode:
        sys.exit(
            "The peers could not be installed for the reason above; mend that, and run scripts/doctor-peers again."
        )
