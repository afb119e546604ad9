"""StateSaver: the thread that keeps a state file up to date."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from callsheet.api.state import State
from callsheet.domain.errors import CallsheetError
from callsheet.service.background import BackgroundThread
from callsheet.service.state.backoff import jitter
from callsheet.service.state.file import StateFile

_log = logging.getLogger("callsheet")

#: The pause between two saves: many changes in a row are saved together.
_MIN_PAUSE_SECONDS: Final = 2.0

#: Pause at least this many times as long as the last save took, so that saving uses at most a tenth of one core.
_MIN_PAUSE_FACTOR: Final = 10

#: How long a stop waits for the last save.
_STOP_TIMEOUT_SECONDS: Final = 10.0


class StateSaver:
    """Saves the current State when it has changed; else records from time to time, and at the end, how fresh it is.

    Several processes may save to one file: one of them writes, and the others find that it holds their State.

    Parameters
    ----------
    file
        Where the State is saved.
    current
        Returns the State, with when it was last known to be that of the database, in seconds since the epoch; None
        if there is none.
    """

    def __init__(self, file: StateFile, current: Callable[[], tuple[State, float] | None]) -> None:
        self._file = file
        self._current = current
        self._thread = BackgroundThread("callsheet-save", self._run, _STOP_TIMEOUT_SECONDS)
        self._logged = ""
        self._is_whole = False

    def start(self) -> None:
        """Begin, in this process."""
        self._thread.start()

    def stop(self) -> None:
        """Save what is not saved, and end."""
        self._thread.stop()

    def _run(self, stop: threading.Event) -> None:
        pause = jitter.random()  # so that one of several processes is first
        while True:
            is_last = stop.wait(pause)
            begun = time.monotonic()
            try:
                self._save(stop)
                self._logged = ""
            except (CallsheetError, OSError) as error:
                self._log_once(error)
            except Exception:  # whatever it was, the next State may be saved
                _log.exception("The state cannot be saved.")
            if is_last:
                return
            pause = max(_MIN_PAUSE_SECONDS, (time.monotonic() - begun) * _MIN_PAUSE_FACTOR)

    def _save(self, stop: threading.Event) -> None:
        current = self._current()
        if current is None:
            return
        state, known_at = current
        throttle = stop.wait  # returns at once when the thread is to stop
        if self._file.holds(state) and (self._is_whole or self._file.is_whole(throttle)):
            self._file.touch(known_at)
        elif self._file.is_being_written() or self._file.holds_newer(state, known_at):
            return
        else:
            self._file.write(state, known_at, throttle)
        self._is_whole = True  # later damage is noticed by the next process

    def _log_once(self, error: Exception) -> None:
        """Log why the State cannot be saved, unless that was the last thing logged."""
        if str(error) != self._logged:
            self._logged = str(error)
            _log.error("The state cannot be saved: %s", error)
