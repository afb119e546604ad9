"""Atomic file replacement: write a private temporary file, then rename it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path
from stat import S_ISREG
from tempfile import mkstemp
from typing import Final

from callsheet.domain.errors import ConflictError, StorageError
from callsheet.domain.hints import Hint
from callsheet.storage.file_status import is_folder, status_of

_SUFFIX: Final = ".part"

#: What SQLite may keep beside a file.
BESIDE: Final = ("-wal", "-shm", "-journal")


@contextmanager
def scratch(file: Path) -> Iterator[Path]:
    """Yield a new, empty temporary file in the folder of ``file``, for its owner only; it is removed afterwards.

    A process that is killed leaves its temporary file behind; the next scratch of the same ``file`` removes it.

    Raises
    ------
    StorageError
        It cannot be created.
    """
    with _translating_errors(file):
        _sweep(file)
        descriptor, path = _make(file)
    try:
        yield path
    finally:
        _remove(path)
        os.close(descriptor)


@contextmanager
def draft(file: Path, *, replace: bool, scratch_of: Path | None = None) -> Iterator[Path]:
    """Yield a temporary file that becomes ``file`` at the end, or is removed if there is an error.

    Where ``file`` has a new name each time, ``scratch_of`` is a file in the same folder whose name stays; the next
    scratch of that removes what a killed process left.

    Raises
    ------
    ConflictError
        There is such a file and it may not be replaced, or it is a database in use.
    StorageError
        It cannot be written.
    """
    _refuse(file, replace=replace)
    with scratch(scratch_of or file) as path:
        yield path
        _refuse(file, replace=replace)
        give_name(path, file)


def give_name(path: Path, file: Path) -> None:
    """Rename a complete file to ``file``, replacing any other, and sync both so that it survives a power cut."""
    with _translating_errors(file):
        _sync(path)
        path.rename(file)
        _sync(file.parent)


def is_being_drafted(file: Path) -> bool:
    """Return whether a process is writing a temporary file for ``file`` at the moment."""
    _sweep(file)
    return next(_drafts(file), None) is not None


def beside(file: Path) -> list[Path]:
    """Return where SQLite keeps what belongs to ``file``."""
    return [file.with_name(f"{file.name}{suffix}") for suffix in BESIDE]


def _refuse(file: Path, *, replace: bool) -> None:
    with _translating_errors(file):
        if not is_folder(file.parent):
            raise ConflictError(f"The folder {file.parent} does not exist; create it, or name another file.")
        status = status_of(file)
        if status is not None and not S_ISREG(status.st_mode):
            raise ConflictError(f"{file} is not a file; name another.")
        if status is not None and not replace:
            raise ConflictError(f"{file} exists already", hint=Hint.REPLACE_FILE)
        if any(each.exists() for each in beside(file)):
            raise ConflictError(f"{file} is a database in use; name another file.")


def _make(file: Path) -> tuple[int, Path]:
    """Create an empty temporary file, locked so that no other process takes it for one left behind."""
    while True:
        descriptor, name = mkstemp(_SUFFIX, _prefix(file), file.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # else another process removed it in between
            return descriptor, Path(name)
        os.close(descriptor)


def _drafts(file: Path) -> Iterator[Path]:
    return file.parent.glob(f"{escape(_prefix(file))}*{_SUFFIX}")


def _sweep(file: Path) -> None:
    """Remove the temporary files of processes that have ended."""
    for path in _drafts(file):
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
def _translating_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}; name another file.") from error
