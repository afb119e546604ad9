"""Saving: the thread that keeps a state file up to date."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from callsheet.api.state import State
from callsheet.domain.errors import CallsheetError
from callsheet.service.state.backoff import chance
from callsheet.service.state.file import StateFile

_log = logging.getLogger("callsheet")

#: How long a file is left alone, in seconds: many changes in a row are saved together.
_INTERVAL: Final = 2.0

#: How long a stop waits for the disk, in seconds.
_PATIENCE: Final = 10.0

#: And at least so many times as long as it took to write: the machine is for those who ask.
_SHARE: Final = 10


class StateSaver:
    """Saves the present State when it has changed, and notes how long it was true, now and then and at the end.

    Several processes may save to one file: one writes, and the others find there what they would write.

    Parameters
    ----------
    file
        Where to.
    present
        Gives the State with when it was last known to be that of the database, in seconds since the epoch; None
        if there is none.
    """

    def __init__(self, file: StateFile, present: Callable[[], tuple[State, float] | None]) -> None:
        self._file = file
        self._present = present
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._told = ""
        self._is_whole = False

    def start(self) -> None:
        """Begin, in this process."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[self._stop], name="callsheet-save", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Save what is not saved, and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _run(self, stop: threading.Event) -> None:
        pause = chance.random()  # so that of several processes, one comes first
        while True:
            is_last = stop.wait(pause)
            begun = time.monotonic()
            try:
                self._save(stop)
                self._told = ""
            except (CallsheetError, OSError) as error:
                self._tell(f"The state cannot be saved: {error}")
            except Exception:  # whatever it was, the next State may do
                _log.exception("The state cannot be saved.")
            if is_last:
                return
            pause = max(_INTERVAL, (time.monotonic() - begun) * _SHARE)

    def _save(self, stop: threading.Event) -> None:
        present = self._present()
        if present is None:
            return
        state, known_at = present
        rest = stop.wait  # none once it is to stop
        if self._file.holds(state) and (self._is_whole or self._file.is_whole(rest)):
            self._file.touch(known_at)
        elif self._file.is_being_written() or self._file.holds_newer(state, known_at):
            return
        else:
            self._file.write(state, known_at, rest)
        self._is_whole = True  # what becomes of it later, the next process sees

    def _tell(self, sentence: str) -> None:
        """Log what goes wrong, once."""
        if sentence != self._told:
            self._told = sentence
            _log.error("%s", sentence)
