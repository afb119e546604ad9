"""CatalogFollower: the thread that keeps the catalogue as files say, whenever they change.

A file that is wrong changes nothing: what was applied last stays, and reads go on. Several processes may follow the
same files: one of them writes, and the others find that nothing is left to do.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from os import stat_result
from pathlib import Path
from typing import Final

from callsheet.domain.errors import CallsheetError, ConflictError, ManifestError, StorageError
from callsheet.files.load import load_manifests, watched_files
from callsheet.service.background import BackgroundThread
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.manifests.service import ManifestService, Planned
from callsheet.service.state.backoff import Backoff

_log = logging.getLogger("callsheet")

#: How often the files are looked at, which reads none of them.
POLL_SECONDS: Final = 1.0

#: How often they are compared with the database although no file has changed: a backup may have been restored.
RESYNC_SECONDS: Final = 300.0

_STOP_TIMEOUT_SECONDS: Final = 10.0

#: What a file is known by: its name, where a link leads, its size and when it was changed.
_Mark = tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class Following:
    """How it stands with the files.

    Parameters
    ----------
    path
        The file or folder.
    applied_at
        When everything was last as they say (aware); None if it never was.
    error
        Why they are not applied; None if they are, or have not been read yet.
    faults
        How many faults the files have.
    failures
        How often in this process they could not be applied.
    changes
        How many changes this process has made.
    """

    path: str
    applied_at: datetime | None = None
    error: str | None = None
    faults: int = 0
    failures: int = 0
    changes: int = 0

    @property
    def status(self) -> str:
        """Return ``failing``, ``ok``, or ``waiting`` until they have been applied once."""
        if self.error is not None:
            return "failing"
        return "waiting" if self.applied_at is None else "ok"

    def record(self) -> dict[str, object]:
        """Return what ``/readyz`` says, which needs no key: not what is wrong."""
        at = None if self.applied_at is None else self.applied_at.isoformat(timespec="seconds")
        return {"status": self.status, "applied_at": at, "faults": self.faults}


class _MovedError(ConflictError):
    """What was planned has been changed by others before it was written; a new plan may succeed."""


class CatalogFollower:
    """Applies catalogue files when they change.

    Parameters
    ----------
    path
        A file, or a folder such as a mounted ConfigMap.
    service
        Plans and applies them.
    clock
        Where the time comes from.
    """

    def __init__(self, path: str, service: ManifestService, clock: Clock = SYSTEM_CLOCK) -> None:
        self.following = Following(path)
        """How it stands at present; callable from any thread."""
        self._path = path
        self._service = service
        self._clock = clock
        self._thread = BackgroundThread("callsheet-catalog", self._run, _STOP_TIMEOUT_SECONDS)
        self._lock = threading.Lock()
        self._is_started = False

    def start(self) -> None:
        """Begin, in this process, unless that has begun."""
        if self._is_started:
            return
        with self._lock:
            if not self._is_started:
                self._is_started = True
                self._thread.start()

    def stop(self) -> None:
        """End; what is being applied is applied, or not at all."""
        with self._lock:
            if self._is_started:
                self._is_started = False
                self._thread.stop()

    def _run(self, stop: threading.Event) -> None:
        seen: Sequence[_Mark] | None = None
        applied: Sequence[_Mark] | None = None
        applied_at = 0.0
        backoff = Backoff()
        while not stop.is_set():
            marks = self._marks()
            now = self._clock.monotonic()
            pause = POLL_SECONDS
            is_being_written = seen is not None and marks != seen
            seen = marks
            if is_being_written:
                pass  # half a file may be valid, and would remove what the other half holds
            elif marks != applied or now - applied_at >= RESYNC_SECONDS:
                try:
                    if self.apply():
                        backoff.reset()
                    applied, applied_at = marks, now
                except (_MovedError, StorageError) as error:  # others write, or the database is away
                    self._fail(error)
                    pause = POLL_SECONDS + backoff.next()
                except Exception:  # whatever it was, reads go on
                    _log.exception("The catalogue files cannot be applied.")
                    applied, applied_at = marks, now
            stop.wait(pause)

    def apply(self) -> bool:
        """Read the files and bring about what they say; return whether they could be applied.

        If they change while they are read, what was read is of no time, and nothing comes of it.

        Raises
        ------
        _MovedError
            What they change was changed by others at the same moment.
        StorageError
            The database cannot be used.
        """
        made = 0
        marks = self._marks()
        try:
            manifests = load_manifests([self._path])
            if self._marks() != marks:
                return False
            for manifest in manifests:
                planned = self._service.plan(manifest)
                made += self._write(planned)
        except (_MovedError, StorageError):
            raise
        except CallsheetError as error:
            if self._marks() == marks:
                self._fail(error)
            return False
        before = self.following
        if made or before.applied_at is None or before.error is not None:
            _log.info("The catalogue files at %s are applied: %d changes.", self._path, made)
        self.following = replace(
            before, applied_at=self._clock.now(), error=None, faults=0, changes=before.changes + made
        )
        return True

    def _write(self, planned: Planned) -> int:
        try:
            self._service.apply(planned)
        except ConflictError as error:
            raise _MovedError(str(error)) from error
        return len(planned.plan.steps)

    def _fail(self, error: CallsheetError) -> None:
        """Note why the files cannot be applied; it is logged once, with all faults."""
        faults = error.faults if isinstance(error, ManifestError) else ()
        text = str(error)
        if text != self.following.error:
            lines = "\n".join(map(str, faults)) or text
            _log.error("The catalogue files at %s are not applied: %s", self._path, lines)
        before = self.following
        self.following = replace(before, error=text, faults=len(faults) or 1, failures=before.failures + 1)

    def _marks(self) -> list[_Mark]:
        """What differs when a file has changed: links are followed, as Kubernetes swaps them."""
        found = []
        for file in watched_files(self._path):
            status = _status(file)
            if status is not None:
                found.append((str(file), status.st_ino, status.st_size, status.st_mtime_ns))
        return found


def _status(file: Path) -> stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None
