"""StateFile: the last State on disk, for a start while the database is away."""

import gzip
import os
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from callsheet.api.state import Options, State
from callsheet.domain.errors import CallsheetError, StateFileError
from callsheet.domain.hints import Hint
from callsheet.service.state.format import Header, check_lines, header_of, read_header, read_state, write_state
from callsheet.service.state.load import without_collections
from callsheet.storage.atomic_file import draft, is_being_drafted

#: The name in gzip's header, which marks a file that Callsheet wrote; no other file is replaced.
_MARK: Final = "callsheet-state"
_MARK_AT: Final = 10  # bytes of gzip's header in front of it
_GZIP: Final = b"\x1f\x8b"

_MAX_HEADER_BYTES: Final = 64 * 1024  # of the first line

#: How far processes that save to the same file may lag behind each other.
_MAX_LAG_SECONDS: Final = 60.0

#: Called after each line, with the seconds that its work took; may pause.
Throttle = Callable[[float], object]


class Saved(NamedTuple):
    """What a state file holds.

    Parameters
    ----------
    state
        As it was when it was saved.
    known_at
        When it was last known to be that of the database, in seconds since the epoch.
    """

    state: State
    known_at: float


class StateFile:
    """A file that holds one State, compressed. A damaged file is refused.

    Its time of modification is when the State was last known to be that of the database.

    Parameters
    ----------
    path
        Of the file; its folder must be there.
    address
        Of the database; the State of any other is refused.
    """

    def __init__(self, path: Path, address: str) -> None:
        self.path = path
        self._address = address

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

    def was_written(self) -> bool:
        """Return whether a State was ever saved here, be it damaged or of another database."""
        try:
            return _is_ours(self._start())
        except PermissionError:  # it exists, whatever it holds
            return True
        except (OSError, StateFileError):
            return False

    def holds(self, state: State) -> bool:
        """Return whether ``state`` is what was saved, by the first line alone."""
        return bool(self._header() == header_of(state, self._address))

    def holds_newer(self, state: State, known_at: float) -> bool:
        """Return whether a later State of the same installation is saved, by a process that lags less.

        ``known_at`` is when ``state`` was last known to be that of the database. If the saved State was last
        confirmed long before that, the database has gone back since, and the saved State does not count.
        """
        header, own = self._header(), header_of(state, self._address)
        return (
            header is not None
            and header["organization_id"] == own["organization_id"]
            and header["revision"] > own["revision"]
            and self.path.stat().st_mtime > known_at - _MAX_LAG_SECONDS
        )

    def is_whole(self, throttle: Throttle) -> bool:
        """Return whether the file is as it was written; ``throttle`` as for `write`."""
        try:
            with gzip.open(self.path) as lines:
                return check_lines(_throttled(lines, throttle))
        except (OSError, EOFError, zlib.error):
            return False

    def _header(self) -> Header | None:
        """The first line, if it can be read; the lines after it may be damaged."""
        try:
            self._refuse_irregular()
            with gzip.open(self.path) as lines:
                return read_header(lines.readline(_MAX_HEADER_BYTES))
        except (OSError, EOFError, zlib.error, ValueError, StateFileError):
            return None

    def _refuse_irregular(self) -> None:
        """Raise StateFileError for a pipe or a device: opening it might wait for ever."""
        if self.path.exists() and not self.path.is_file() and not self.path.is_dir():
            raise self._refusal("is not a regular file; name another one")

    def is_being_written(self) -> bool:
        """Return whether another process is writing the file at the moment."""
        return is_being_drafted(self.path)

    def write(self, state: State, known_at: float, throttle: Throttle) -> None:
        """Save ``state`` atomically.

        Parameters
        ----------
        state, known_at
            As in `Saved`.
        throttle
            Called after each line, with the seconds that its work took; may pause.

        Raises
        ------
        StateFileError, StorageError, ConflictError
            The file cannot be written.
        """
        self._refuse_foreign()
        try:
            with draft(self.path, replace=True) as path:
                with path.open("wb") as raw, gzip.GzipFile(_MARK, "wb", 1, raw, mtime=0) as file:
                    file.writelines(_throttled(write_state(state, self._address), throttle))
                os.utime(path, (known_at, known_at))
        except OSError as error:
            raise self._refusal(f"cannot be written: {error.strerror or error}") from error

    def touch(self, known_at: float) -> None:
        """Record when the saved State was last known to be that of the database, if the file is there."""
        with suppress(FileNotFoundError):
            os.utime(self.path, (known_at, known_at))

    def _refuse_foreign(self) -> None:
        """Raise StateFileError if there is a file that Callsheet did not write."""
        try:
            start = self._start()
        except OSError:  # then writing fails as well
            return
        if start and not _is_ours(start):
            raise self._foreign()

    def _start(self) -> bytes:
        """The first bytes, up to the name in gzip's header."""
        self._refuse_irregular()
        with self.path.open("rb") as file:
            return file.read(_MARK_AT + len(_MARK))

    def _read(self, file: BinaryIO, options: Options) -> Saved:
        """Read the file twice: it is parsed only after its checksum has been verified."""
        if not _is_ours(file.read(_MARK_AT + len(_MARK))):
            raise self._foreign()
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
            if header["address"] == self._address:
                return read_state(header, lines, options)
        except (CallsheetError, LookupError, TypeError, ValueError) as error:  # and yet the checksum is right
            raise self._refusal("was written by another release of Callsheet") from error
        raise self._refusal(f"is of another database, {header['address']}")

    def _foreign(self) -> StateFileError:
        return StateFileError(
            f"The state file {self.path} was not written by Callsheet", hint=Hint.REPLACE_STATE_FILE
        )

    def _refusal(self, reason: str) -> StateFileError:
        return StateFileError(f"The state file {self.path} {reason}.")


def state_file_at(path: str, address: str) -> StateFile | None:
    """Return the state file at ``path`` for the database at ``address``; None if ``path`` is empty."""
    return StateFile(Path(path), address) if path else None


def _throttled(lines: Iterable[bytes], throttle: Throttle) -> Iterator[bytes]:
    """Yield ``lines``, and call ``throttle`` after each has been used."""
    begun = time.perf_counter()
    for line in lines:
        yield line
        throttle(time.perf_counter() - begun)
        begun = time.perf_counter()


def _is_ours(start: bytes) -> bool:
    return start.startswith(_GZIP) and start[_MARK_AT:] == _MARK.encode()
