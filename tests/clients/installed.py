"""Where the clients are that `install.py` installs, also while it is at work."""

import fcntl
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CLIENTS: Final = Path(__file__).resolve().parents[2] / ".clients"
STAMP: Final = ".made-from"  # written last: a folder without it is half made


@contextmanager
def alone(name: str = "") -> Iterator[None]:
    """Wait until nothing else installs this client, and keep it from doing so; without a name, any client."""
    with _lock(name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def installed(name: str) -> Path | None:
    """Return the folder of a client, or None if it is not installed; wait while it is being installed."""
    folder = CLIENTS / name
    if not (folder / STAMP).is_file() and _lock(name).exists():
        with _lock(name).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
    return folder if (folder / STAMP).is_file() else None


def _lock(name: str) -> Path:
    return CLIENTS / f".{name}.lock"


def can_run_claude_code() -> bool:
    """Whether this is a machine for which the locked packages of Claude Code hold the program."""
    return sys.platform == "linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"
