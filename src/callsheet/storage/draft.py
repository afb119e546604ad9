"""Draft: a file that takes its name when it is complete, and until then is nobody's business."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from callsheet.domain.errors import ConflictError, StorageError

_SUFFIX: Final = ".part"

#: What SQLite may keep beside a file.
BESIDE: Final = ("-wal", "-shm", "-journal")


@contextmanager
def scratch(file: Path) -> Iterator[Path]:
    """Yield a new, empty file in the folder of ``file``, for its owner only, that is gone afterwards.

    A process that is killed leaves its own behind; the next scratch of the same ``file`` takes it away.

    Raises
    ------
    StorageError
        It cannot be made.
    """
    with _told(file):
        _sweep(file)
        descriptor, name = mkstemp(_SUFFIX, _prefix(file), file.parent)
    path = Path(name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # so that nobody takes it for one left behind
        yield path
    finally:
        _remove(path)
        os.close(descriptor)


@contextmanager
def draft(file: Path, *, replace: bool) -> Iterator[Path]:
    """Yield a scratch file that becomes ``file`` at the end, or nothing if there is an error.

    Raises
    ------
    ConflictError
        There is such a file and it may not be replaced, or it is a database in use.
    StorageError
        It cannot be written.
    """
    _refuse(file, replace=replace)
    with scratch(file) as path:
        yield path
        _refuse(file, replace=replace)
        with _told(file):
            _sync(path)
            path.rename(file)
            _sync(file.parent)  # the new name has to survive a power cut too


def in_use(file: Path) -> bool:
    """Return whether a program has ``file`` open as a database, or had when it died."""
    return any(each.exists() for each in beside(file))


def beside(file: Path) -> list[Path]:
    """Return where SQLite keeps what belongs to ``file``."""
    return [file.with_name(f"{file.name}{suffix}") for suffix in BESIDE]


def _refuse(file: Path, *, replace: bool) -> None:
    if not file.parent.is_dir():
        raise ConflictError(f"The folder {file.parent} does not exist; create it, or name another file.")
    if file.exists() and not file.is_file():
        raise ConflictError(f"{file} is not a file; name another.")
    if file.exists() and not replace:
        raise ConflictError(f"{file} exists already; name another file, or add --force to replace it.")
    if in_use(file):
        raise ConflictError(f"{file} is a database in use; name another file.")


def _sweep(file: Path) -> None:
    """Take away what is left of processes that are no more."""
    for path in file.parent.glob(f"{escape(_prefix(file))}*{_SUFFIX}"):
        with suppress(OSError), path.open("rb") as left:
            fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path)


def _prefix(file: Path) -> str:
    return f".{file.name}-"


def _remove(path: Path) -> None:
    for each in (*beside(path), path):
        each.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}; name another file.") from error
