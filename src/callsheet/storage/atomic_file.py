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
from callsheet.domain.hints import Hint

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
        descriptor, path = _make(file)
    try:
        yield path
    finally:
        _remove(path)
        os.close(descriptor)


@contextmanager
def draft(file: Path, *, replace: bool, scratch_of: Path | None = None) -> Iterator[Path]:
    """Yield a scratch file that becomes ``file`` at the end, or nothing if there is an error.

    Where ``file`` has another name each time, ``scratch_of`` is a file beside it that has not; the next scratch of
    that takes away what a process left that was killed.

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
    """Let a complete file be ``file``, in the place of any other, so that it survives a power cut."""
    with _told(file):
        _sync(path)
        path.rename(file)
        _sync(file.parent)


def being_drafted(file: Path) -> bool:
    """Return whether a process is writing a draft of ``file`` at the moment."""
    _sweep(file)
    return next(_drafts(file), None) is not None


def beside(file: Path) -> list[Path]:
    """Return where SQLite keeps what belongs to ``file``."""
    return [file.with_name(f"{file.name}{suffix}") for suffix in BESIDE]


def _refuse(file: Path, *, replace: bool) -> None:
    with _told(file):
        if not file.parent.is_dir():
            raise ConflictError(f"The folder {file.parent} does not exist; create it, or name another file.")
        if file.exists() and not file.is_file():
            raise ConflictError(f"{file} is not a file; name another.")
        if file.exists() and not replace:
            raise ConflictError(f"{file} exists already", hint=Hint.REPLACE_FILE)
        if any(each.exists() for each in beside(file)):
            raise ConflictError(f"{file} is a database in use; name another file.")


def _make(file: Path) -> tuple[int, Path]:
    """Make an empty draft that nobody takes for one left behind."""
    while True:
        descriptor, name = mkstemp(_SUFFIX, _prefix(file), file.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # else somebody did, in between
            return descriptor, Path(name)
        os.close(descriptor)


def _drafts(file: Path) -> Iterator[Path]:
    return file.parent.glob(f"{escape(_prefix(file))}*{_SUFFIX}")


def _sweep(file: Path) -> None:
    """Take away what is left of processes that are no more."""
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
def _told(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}; name another file.") from error
