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

_LOCK: Final = CLIENTS / ".lock"


@contextmanager
def alone() -> Iterator[None]:
    """Wait until nothing else installs into the same folder, and keep it from doing so."""
    with _LOCK.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def installed(name: str) -> Path | None:
    """Return the folder of a client, or None if it is not installed, once no installation is under way."""
    folder = CLIENTS / name
    if not (folder / STAMP).is_file() and _LOCK.exists():
        with _LOCK.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
    return folder if (folder / STAMP).is_file() else None


def can_run_claude_code() -> bool:
    """Whether this is a machine for which the locked packages of Claude Code hold the program."""
    return sys.platform == "linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"
