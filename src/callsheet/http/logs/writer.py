"""Writer: the thread that writes the lines of the access log, so that a slow disk delays no response."""

import logging
import os
import threading
from typing import Any, Final

from callsheet.http.logs.access_line import LoggedResponse, Template, formatter_for
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.settings import LogFormat

_log = logging.getLogger("callsheet")

MAX_WAITING_BYTES: Final = 16 * 2**20

_IDLE_INTERVAL_SECONDS: Final = 0.2  # between two writes while few lines are added
_BUSY_INTERVAL_SECONDS: Final = 0.02  # the same after a write: large batches would delay the event loop
_STOP_TIMEOUT_SECONDS: Final = 2.0  # that a stop waits for the reader of the log
_WRITE_BATCH_SIZE: Final = 256  # lines written at a time; more would delay the event loop
_ENTRY_SIZE: Final = 5  # what waits for each line
_OVERHEAD_BYTES: Final = 128  # of a line beside its template, roughly


class AccessLog:
    """Collects lines, and writes them to a file descriptor a few times a second.

    Parameters
    ----------
    kind
        JSON lines, logfmt, or the common log format.
    descriptor
        Where they go; standard output unless said otherwise.
    clock
        Where the time comes from.
    max_waiting_bytes
        Of lines that wait to be written; any more are dropped, and counted.
    """

    def __init__(
        self,
        kind: LogFormat,
        descriptor: int = 1,
        *,
        clock: Clock = SYSTEM_CLOCK,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
    ) -> None:
        formatter = formatter_for(kind)
        self._time = clock.time
        self._max_waiting_bytes = max_waiting_bytes
        self.template = formatter.template
        self._format = formatter.lines
        self._descriptor = descriptor
        # Entries of lines that wait, one behind the other; as tuples, they would keep the garbage collector busy.
        self._waiting: list[Any] = []  # never replaced, as two threads use it
        self._added = self._written = 0  # bytes of lines so far, roughly; each is written to by one thread only
        self._dropped = 0
        self._has_warned = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, template: Template, request_id: bytes, seconds: float, client: str) -> None:
        """Add a line for an answer that took ``seconds`` to make and went to ``client`` (an address, or empty)."""
        if self._added - self._written > self._max_waiting_bytes:
            self._dropped += 1
            return
        self._added += _size(template)
        self._waiting += (self._time(), request_id, seconds, client, template)

    def start(self) -> None:
        """Begin to write."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="callsheet-access-log", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write the remaining lines, and end the thread."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join(_STOP_TIMEOUT_SECONDS)
            self._thread = None

    def _run(self) -> None:
        pause = _IDLE_INTERVAL_SECONDS
        while not self._stop.wait(pause):
            pause = _BUSY_INTERVAL_SECONDS if self._flush() else _IDLE_INTERVAL_SECONDS
        self._flush()

    def _flush(self) -> bool:
        """Write the lines that wait; return whether there were any."""
        waiting = self._waiting.copy()  # more may be added meanwhile
        del self._waiting[: len(waiting)]
        for start in range(0, len(waiting), _WRITE_BATCH_SIZE * _ENTRY_SIZE):
            batch = waiting[start : start + _WRITE_BATCH_SIZE * _ENTRY_SIZE]
            self._write(self._format(zip(*[iter(batch)] * _ENTRY_SIZE, strict=True)))
            self._written += sum(map(_size, batch[_ENTRY_SIZE - 1 :: _ENTRY_SIZE]))
        if self._dropped:
            _log.error("%d lines of the access log were dropped: it is written too slowly.", self._dropped)
            self._dropped = 0
        return bool(waiting)

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:  # the reader is gone, or the disk full: answering goes on
            if not self._has_warned:
                _log.error("The access log cannot be written: %s.", error.strerror)
            self._has_warned = True
        else:
            self._has_warned = False


def _size(template: Template) -> int:
    """How many bytes a line with ``template`` counts while it waits."""
    if isinstance(template, LoggedResponse):
        return _OVERHEAD_BYTES + len(template.path) + len(template.query)
    return _OVERHEAD_BYTES + len(template[1])
