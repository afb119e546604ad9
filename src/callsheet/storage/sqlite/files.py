"""Files: which files a SQLite database consists of at this moment, and whether they were touched."""

import os
import struct
from pathlib import Path
from typing import Final, NamedTuple, Self

#: What tells a file from every other, by whatever name it is opened: its device and its number there.
Identity = tuple[int, int]

#: What every write to a file changes, and every change of its permissions.
Stamp = tuple[int, int, int]


#: Descriptors by file, which are kept as long as there is the file: closing any descriptor of a file ends all locks
#: that this process has on it, those of SQLite included.
_OPENED: Final[dict[Identity, int]] = {}

#: Where in a database file SQLite puts down how it is written: 1 without a -wal, 2 with one.
_WRITE_VERSION_AT: Final = 18


#: Of the -shm: which -wal it is about (32), how much of that has been brought into the database (96), and how much
#: somebody began to bring there (128). SQLite's documentation of the WAL-index format describes it.
_PROGRESS: Final = struct.Struct("=32x8s56xI28xI4x")


class Files(NamedTuple):
    """The files that SQLite uses for one database; None for one that is not there.

    Parameters
    ----------
    main, wal, shm
        The database, and what SQLite keeps beside it.
    main_stamp, wal_stamp
        Size, time of modification and mode. SQLite writes to the -wal with every change, and to the database only
        when it brings the content of the -wal over.
    progress
        Which -wal it brings over, how far it has come, and how far it meant to come, as it puts down before it
        writes to the database.
    """

    main: Identity
    wal: Identity | None
    shm: Identity | None
    main_stamp: Stamp
    wal_stamp: Stamp | None
    progress: tuple[bytes, int, int] | None

    @property
    def holds_changes(self) -> bool:
        """Whether there is anything in the -wal."""
        return self.wal_stamp is not None and self.wal_stamp[0] > 0

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the files of the database at ``path``, without `progress`; FileNotFoundError if there is none."""
        main, wal, shm = names_of(path)
        return cls._made(_present(main), _stat(wal), _stat(shm), None)

    @classmethod
    def watched(cls, main: str, wal: str, shm: str) -> Self:
        """Return the same by the names of the three, with `progress`, for those who ask often."""
        found, beside, index = _present(main), _stat(wal), _stat(shm)
        progress = index and _progress(shm, index)
        while index is not None and _stamp(again := _present(main)) != _stamp(found):
            found, progress = again, _progress(shm, index)  # so that nothing was written between the two
        return cls._made(found, beside, index, progress)

    @classmethod
    def _made(
        cls,
        main: os.stat_result,
        wal: os.stat_result | None,
        shm: os.stat_result | None,
        progress: tuple[bytes, int, int] | None,
    ) -> Self:
        return cls(
            _identity(main),
            None if wal is None else _identity(wal),
            None if shm is None else _identity(shm),
            _stamp(main),
            None if wal is None else _stamp(wal),
            progress,
        )

    def was_overwritten(self, past: Self) -> bool:
        """Return whether the database was written to since ``past``, and not by SQLite, which says so before."""
        return (
            self.main_stamp[:2] != past.main_stamp[:2]
            and self.progress is not None
            and self.progress == past.progress
            and self.progress[1] == self.progress[2]  # else SQLite may have been writing all the time
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
    """Return the names of the three files of the database at ``path``.

    Where that is a link, SQLite keeps the other two beside the file that it leads to.
    """
    place = os.path.realpath(path) if path.is_symlink() else path
    return str(path), f"{place}-wal", f"{place}-shm"


def uses_wal(path: Path) -> bool:
    """Return whether the database file at ``path`` says that changes to it go to a -wal, or is no database at all.

    SQLite takes whatever has that name for a part of the database, but a file that is to be without a -wal never
    has one of its own: the -wal is what a database left that was there before.
    """
    start = os.pread(_descriptor(str(path), file_identity(path)), 20, 0)
    return not start.startswith(b"SQLite format 3\0") or start[_WRITE_VERSION_AT] != 1


def file_identity(path: Path) -> Identity:
    """Return what tells a file from every other."""
    return _identity(_present(str(path)))


def _progress(name: str, found: os.stat_result) -> tuple[bytes, int, int] | None:
    try:
        start = os.pread(_descriptor(name, _identity(found)), _PROGRESS.size, 0)
    except OSError:  # it is gone, or nobody may read it
        return None
    return _PROGRESS.unpack(start) if len(start) == _PROGRESS.size else None


def _descriptor(name: str, identity: Identity) -> int:
    if identity not in _OPENED:
        for known, descriptor in list(_OPENED.items()):
            if not os.fstat(descriptor).st_nlink:  # nobody can open it any more, so that its locks do not matter
                os.close(_OPENED.pop(known))
        _OPENED[identity] = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    return _OPENED[identity]


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
