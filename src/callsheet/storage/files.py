"""Files: which files a SQLite database consists of at this moment, and whether they were touched."""

import os
from pathlib import Path
from typing import Final, NamedTuple, Self

#: What tells a file from every other, by whatever name it is opened: its device and its number there.
Identity = tuple[int, int]

#: What every write to a file changes, and every change of its permissions.
Stamp = tuple[int, int, int]


#: Descriptors by file, which are never closed: closing any descriptor of a file ends all locks that this process
#: has on it, those of SQLite included.
_OPENED: Final[dict[Identity, int]] = {}

#: Where in a database file SQLite puts down how it is written: 1 without a -wal, 2 with one.
_WRITE_VERSION_AT: Final = 18


class Files(NamedTuple):
    """The files that SQLite uses for one database; None for one that is not there.

    Parameters
    ----------
    main, wal, shm
        The database, and what SQLite keeps beside it.
    main_stamp, wal_stamp
        Size, time of modification and mode. SQLite writes to the -wal with every change, and to the database only
        when it brings the content of the -wal over.
    """

    main: Identity
    wal: Identity | None
    shm: Identity | None
    main_stamp: Stamp
    wal_stamp: Stamp | None

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the files of the database at ``path``; FileNotFoundError if there is none."""
        return cls.named(*names_of(path))

    @classmethod
    def named(cls, main: str, wal: str, shm: str) -> Self:
        """Return the same by the names of the three, for those who ask often."""
        found, beside, index = _present(main), _stat(wal), _stat(shm)
        return cls(
            _identity(found),
            None if beside is None else _identity(beside),
            None if index is None else _identity(index),
            _stamp(found),
            None if beside is None else _stamp(beside),
        )

    def replaced(self, past: Self) -> str | None:
        """Return the ending of the file that is another one than in ``past``, empty for the database, or None.

        What was not there in ``past`` may have been made since.
        """
        if self.main != past.main:
            return ""
        if past.wal is not None and self.wal != past.wal:
            return "-wal"
        return "-shm" if past.shm is not None and self.shm != past.shm else None


def names_of(path: Path) -> tuple[str, str, str]:
    """Return the names of the three files of the database at ``path``."""
    return str(path), f"{path}-wal", f"{path}-shm"


def uses_wal(path: Path) -> bool:
    """Return whether the database file at ``path`` says that changes to it go to a -wal, or is no database at all.

    SQLite takes whatever has that name for a part of the database, but a file that is to be without a -wal never
    has one of its own: the -wal is what a database left that was there before.
    """
    identity = file_identity(path)
    if identity not in _OPENED:
        _OPENED[identity] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    start = os.pread(_OPENED[identity], 20, 0)
    return not start.startswith(b"SQLite format 3\0") or start[_WRITE_VERSION_AT] != 1


def file_identity(path: Path) -> Identity:
    """Return what tells a file from every other."""
    return _identity(_present(str(path)))


def _present(name: str) -> os.stat_result:
    return os.stat(name)  # noqa: PTH116  # asked ten times a second; a Path would take longer


def _stat(name: str) -> os.stat_result | None:
    try:
        return _present(name)
    except FileNotFoundError:
        return None


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_size, found.st_mtime_ns, found.st_mode
