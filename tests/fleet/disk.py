"""A small disk of its own, that can be filled."""

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MEBIBYTES: Final = 768

_CHUNK: Final = 2**20


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """A folder on a small file system in memory; None where it may not be mounted, as that takes root."""
    folder = Path(tempfile.mkdtemp(prefix="callsheet-disk-"))
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={_MEBIBYTES}m,mode=755", "tmpfs", str(folder))
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            _run("umount", "--lazy", str(folder))
        folder.rmdir()


def fill(folder: Path) -> Path:
    """Write a file until nothing more fits; return it."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * _CHUNK)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    return path


def _run(*command: str) -> bool:
    return os.geteuid() == 0 and subprocess.run(command, capture_output=True, check=False).returncode == 0
