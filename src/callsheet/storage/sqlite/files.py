"""Files: the files that make up a SQLite database, and whether they were replaced or written to."""

import os
import struct
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple, Self

#: Identifies a file, by whatever name it is opened: its device and inode.
Identity = tuple[int, int]

#: Changes with every write to a file and with its permissions: size, time of modification and mode.
Stamp = tuple[int, int, int]

#: Open descriptors by file. They are kept as long as the file exists: closing any descriptor of a file releases all
#: locks that this process has on it, those of SQLite included.
_OPENED: Final[dict[Identity, int]] = {}

#: Held while `_OPENED` changes: of two threads, one would look at a descriptor that the other has just closed.
_opening = threading.Lock()

#: Offset of the write version in a database file: 1 without a -wal, 2 with one.
_WRITE_VERSION_AT: Final = 18

#: Of the -shm: the salt of its -wal (at 32), how many frames have been checkpointed (96), and how many a checkpoint
#: has begun to move (128). SQLite's documentation of the WAL-index format describes it.
_PROGRESS: Final = struct.Struct("=32x8s56xI28xI4x")


class Files(NamedTuple):
    """The files that SQLite uses for one database; None for one that is not there.

    Parameters
    ----------
    main, wal, shm
        The database, and what SQLite keeps beside it.
    main_stamp, wal_stamp
        Size, time of modification and mode. SQLite writes to the -wal with every change, and to the database only
        in a checkpoint, which moves the content of the -wal there.
    progress
        Of the checkpoint: the salt of its -wal, how many frames it has moved, and how many it is about to move;
        SQLite writes that to the -shm before it writes to the database.
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
        """Return the same with `progress`, by the names of the three files, as a watch polls often."""
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
        """Return whether the database was written to since ``past`` other than by a checkpoint of SQLite."""
        return (
            self.main_stamp[:2] != past.main_stamp[:2]
            and self.progress is not None
            and self.progress == past.progress
            and self.progress[1] == self.progress[2]  # else SQLite may have been writing all the time
        )

    def replaced(self, past: Self) -> str | None:
        """Return the ending of a file that is not the one in ``past`` (empty for the database), or None.

        A file that did not exist in ``past`` does not count.
        """
        if self.main != past.main:
            return ""
        if past.wal is not None and self.wal != past.wal:
            return "-wal"
        return "-shm" if past.shm is not None and self.shm != past.shm else None


def names_of(path: Path) -> tuple[str, str, str]:
    """Return the names of the three files of the database at ``path``.

    If that is a link, SQLite keeps the other two beside the target of the link.
    """
    place = os.path.realpath(path) if path.is_symlink() else path
    return str(path), f"{place}-wal", f"{place}-shm"


def name_of(path: Path, ending: str) -> str:
    """Return the name of the file with this ending beside the database at ``path``; without one, its own."""
    main, wal, shm = names_of(path)
    return {"-wal": wal, "-shm": shm}.get(ending, main)


def create(path: Path) -> None:
    """Make an empty file for its owner only, unless there is one; SQLite's other files get the same mode."""
    place = os.path.realpath(path)  # a link to a file that is missing would count as one
    with suppress(FileExistsError), _opening:
        descriptor = os.open(place, os.O_RDONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        _OPENED[_identity(os.fstat(descriptor))] = descriptor


def uses_wal(path: Path) -> bool:
    """Return whether the database at ``path`` is in WAL mode, or is not a database at all.

    A database that is not in WAL mode never has a -wal: one beside it was left by another database, and SQLite
    would take it for a part of this one.
    """
    start = os.pread(_descriptor(str(path), file_identity(path)), 20, 0)
    return not start.startswith(b"SQLite format 3\0") or start[_WRITE_VERSION_AT] != 1


def file_identity(path: Path) -> Identity:
    """Return device and inode of a file."""
    return _identity(_present(str(path)))


def _progress(name: str, found: os.stat_result) -> tuple[bytes, int, int] | None:
    try:
        start = os.pread(_descriptor(name, _identity(found)), _PROGRESS.size, 0)
    except OSError:  # it was removed, or cannot be read
        return None
    return _PROGRESS.unpack(start) if len(start) == _PROGRESS.size else None


def _descriptor(name: str, identity: Identity) -> int:
    with _opening:
        if identity not in _OPENED:
            for known, descriptor in list(_OPENED.items()):
                if not os.fstat(descriptor).st_nlink:  # it cannot be opened any more, so its locks do not matter
                    os.close(_OPENED.pop(known))
            _OPENED[identity] = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        return _OPENED[identity]


def _renew_lock() -> None:
    """Let a process that was forked begin with a lock that no thread holds."""
    global _opening
    _opening = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)


def _present(name: str) -> os.stat_result:
    return os.stat(name)  # noqa: PTH116  # called ten times a second; a Path would take longer


def _stat(name: str) -> os.stat_result | None:
    try:
        return _present(name)
    except FileNotFoundError:
        return None


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino


def _stamp(found: os.stat_result) -> Stamp:
    return found.st_size, found.st_mtime_ns, found.st_mode
