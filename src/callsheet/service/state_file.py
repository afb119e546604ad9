"""StateFile: the last State on disk, to begin with while the database is away."""

import gzip
import os
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from callsheet.api.state import DEFAULTS, Options, State
from callsheet.domain.errors import CallsheetError, StateFileError
from callsheet.service.loading import without_collections
from callsheet.service.state_format import Header, check_lines, header_of, read_header, read_state, write_state
from callsheet.storage.draft import being_drafted, draft

#: The name that the file says it has, so that no other is mistaken for one of ours, and replaced.
_MARK: Final = "callsheet-state"
_MARK_AT: Final = 10  # bytes of gzip's header in front of it
_GZIP: Final = b"\x1f\x8b"

_FOREIGN: Final = "is no file of Callsheet's; remove it, or name another with --state-file"

_LONGEST_HEADER: Final = 64 * 1024  # bytes of the first line


class Saved(NamedTuple):
    """What a state file holds.

    Parameters
    ----------
    state
        As it was.
    known_at
        When it was last known to be that of the database, in seconds since the epoch.
    """

    state: State
    known_at: float


class StateFile:
    """A file that holds one State, compressed. What it holds is whole, or it is refused.

    Its time of modification says when the State was last known to be that of the database.

    Parameters
    ----------
    path
        Of the file; its folder must be there.
    place
        Where the database is, for people; the State of any other is refused.
    """

    def __init__(self, path: Path, place: str) -> None:
        self.path = path
        self._place = place

    def read(self, options: Options) -> Saved | None:
        """Return what was saved, or None if nothing was.

        Raises
        ------
        StateFileError
            The file cannot be read, is damaged, or holds something else.
        """
        self._refuse_irregular()
        try:
            with self.path.open("rb") as file, without_collections():
                return self._read(file, options)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refusal(f"cannot be read: {error.strerror or error}") from error

    def is_good(self) -> bool:
        """Return whether a State was saved here, and can be read; the reason why not is not told."""
        try:
            return self.read(DEFAULTS) is not None
        except StateFileError:
            return False

    def holds(self, state: State) -> bool:
        """Return whether ``state`` is what was saved, by the first line alone."""
        return bool(self._header() == header_of(state, self._place))

    def holds_newer(self, state: State) -> bool:
        """Return whether a later state of the same installation was saved, as a process does that lags less."""
        header, own = self._header(), header_of(state, self._place)
        return (
            header is not None
            and header["organization_id"] == own["organization_id"]
            and header["revision"] > own["revision"]
        )

    def _header(self) -> Header | None:
        """The first line, if that can be read; what follows may be damaged."""
        try:
            self._refuse_irregular()
            with gzip.open(self.path) as lines:
                return read_header(lines.readline(_LONGEST_HEADER))
        except (OSError, EOFError, zlib.error, ValueError, StateFileError):
            return None

    def _refuse_irregular(self) -> None:
        """Raise StateFileError for a pipe or a device: opening it might wait for ever."""
        if self.path.exists() and not self.path.is_file() and not self.path.is_dir():
            raise self._refusal("is not a regular file; name another one")

    def is_being_written(self) -> bool:
        """Return whether another process is writing the file at the moment."""
        return being_drafted(self.path)

    def write(self, state: State, known_at: float, rest: Callable[[float], object]) -> None:
        """Save ``state``: the file holds all of it, or what it held before.

        Parameters
        ----------
        state, known_at
            As in `Saved`.
        rest
            Called after each piece of the work, with the seconds it took.

        Raises
        ------
        StateFileError, StorageError, ConflictError
            The file cannot be written.
        """
        self._refuse_irregular()
        self._refuse_foreign()
        try:
            with draft(self.path, replace=True) as path:
                with path.open("wb") as raw, gzip.GzipFile(_MARK, "wb", 1, raw, mtime=0) as file:
                    self._write_lines(file, state, rest)
                os.utime(path, (known_at, known_at))
        except OSError as error:
            raise self._refusal(f"cannot be written: {error.strerror or error}") from error

    def _write_lines(self, file: gzip.GzipFile, state: State, rest: Callable[[float], object]) -> None:
        begun = time.perf_counter()
        for line in write_state(state, self._place):
            file.write(line)
            rest(time.perf_counter() - begun)
            begun = time.perf_counter()

    def touch(self, known_at: float) -> bool:
        """Note when what the file holds was last known to be that of the database; return whether it is there."""
        try:
            os.utime(self.path, (known_at, known_at))
        except FileNotFoundError:
            return False
        return True

    def _refuse_foreign(self) -> None:
        """Raise StateFileError if there is a file that no State was ever saved in."""
        try:
            with self.path.open("rb") as file:
                start = file.read(_MARK_AT + len(_MARK))
        except OSError:  # then writing will tell
            return
        if start and not _is_ours(start):
            raise self._refusal(_FOREIGN)

    def _read(self, file: BinaryIO, options: Options) -> Saved:
        """Read the file twice: what has not been checked is not looked into."""
        if not _is_ours(file.read(_MARK_AT + len(_MARK))):
            raise self._refusal(_FOREIGN)
        file.seek(0)
        try:
            with gzip.open(file) as lines:
                intact = check_lines(lines)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            intact = False
        if not intact:
            raise self._refusal("is damaged")
        known_at = os.fstat(file.fileno()).st_mtime
        file.seek(0)
        with gzip.open(file) as lines:
            return Saved(self._parse(lines, options), known_at)

    def _parse(self, lines: Iterator[bytes], options: Options) -> State:
        try:
            header = read_header(next(lines))
            if header["place"] == self._place:
                return read_state(header, lines, options)
        except (CallsheetError, LookupError, TypeError, ValueError) as error:  # and yet the checksum is right
            raise self._refusal("was written by another release of Callsheet") from error
        raise self._refusal(f"is of another database, {header['place']}")

    def _refusal(self, reason: str) -> StateFileError:
        return StateFileError(f"The state file {self.path} {reason}.")


def state_file_at(path: str, place: str) -> StateFile | None:
    """Return the state file at ``path`` for the database at ``place``; None if ``path`` is empty."""
    return StateFile(Path(path), place) if path else None


def _is_ours(start: bytes) -> bool:
    return start.startswith(_GZIP) and start[_MARK_AT:] == _MARK.encode()
