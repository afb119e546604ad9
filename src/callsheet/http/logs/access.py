"""The access log: a line for every answer, written by a thread, so that a slow disk holds up nobody."""

import logging
import os
import threading
from typing import Final

from callsheet.http.logs.formats import Template, form_of
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.settings import LogFormat

_log = logging.getLogger("callsheet")

MAX_WAITING_BYTES: Final = 16 * 2**20

_EVERY: Final = 0.2  # seconds between looks whether there is something to write
_AGAIN: Final = 0.02  # the same when there just was: what has gathered keeps the thread that answers waiting
_PATIENCE: Final = 2.0  # seconds that a stop waits for whoever reads the log
_AT_ONCE: Final = 256  # lines put together; more would keep the thread that answers waiting
_USUAL: Final = 128  # bytes of a line beside its template, about


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
        form = form_of(kind, clock)
        self._max_waiting_bytes = max_waiting_bytes
        self.template = form.template
        self._parts_of = form.parts
        self._size = form.size
        self._descriptor = descriptor
        self._parts: list[bytes] = []  # of lines that wait; never replaced, as two threads have it in hand
        self._added = self._taken = 0  # bytes of lines so far, by about; each is counted up by one thread alone
        self._dropped = 0
        self._complained = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, template: Template, request_id: bytes, seconds: float, client: str) -> None:
        """Note an answer that took ``seconds`` to make and was given to ``client`` (an address, or empty)."""
        if self._added - self._taken > self._max_waiting_bytes:
            self._dropped += 1
            return
        self._added += _USUAL + len(template[1])
        self._parts.extend(self._parts_of(template, request_id, seconds, client))

    def start(self) -> None:
        """Begin to write."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="callsheet-access-log", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join(_PATIENCE)
            self._thread = None

    def _run(self) -> None:
        pause = _EVERY
        while not self._stop.wait(pause):
            pause = _AGAIN if self._flush() else _EVERY
        self._flush()

    def _flush(self) -> bool:
        """Write the lines that are there; return whether there were any."""
        parts = self._parts.copy()  # others may join them meanwhile: they wait
        del self._parts[: len(parts)]
        for start in range(0, len(parts), _AT_ONCE * self._size):
            lines = parts[start : start + _AT_ONCE * self._size]
            self._write(b"".join(lines))
            templates = lines[self._size - 1 :: self._size]
            self._taken += sum(map(len, templates)) + _USUAL * len(templates)
        if self._dropped:
            _log.error("%d lines of the access log were dropped: it is written too slowly.", self._dropped)
            self._dropped = 0
        return bool(parts)

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        try:
            while left:
                left = left[os.write(self._descriptor, left) :]
        except OSError as error:  # a reader that went away, or a full disk: answering goes on
            if not self._complained:
                _log.error("The access log cannot be written: %s.", error.strerror)
            self._complained = True
        else:
            self._complained = False
