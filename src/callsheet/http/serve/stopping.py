"""Stopping: what SIGTERM and SIGINT begin in a process that serves."""

import asyncio
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

#: How long a second signal is taken for the first one told twice, in seconds: programs that start others
#: (``timeout``, a shell, a supervisor) pass on what a terminal or a service manager has told the whole group.
ECHO: Final = 1.0


class Stopping:
    """Tells callers that the process will end, goes on answering for a while, and then lets the server end.

    Whoever balances load needs some seconds to notice; in that time nobody is refused. A second signal ends all at
    once.

    Parameters
    ----------
    begin
        Called on the event loop with the first signal.
    drain_seconds
        How long to answer on.
    is_worker
        Whether a supervisor decides what a second signal means, and this process hears the first one twice.
    """

    def __init__(self, begin: Callable[[], object], drain_seconds: float, *, is_worker: bool) -> None:
        self._begin = begin
        self._drain_seconds = drain_seconds
        self._is_worker = is_worker
        self._since: float | None = None
        self._then: dict[int, Any] = {}

    def take_over(self) -> None:
        """Hear the signals from now on, before those who do now; on the event loop, in the main thread."""
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            self._then[number] = signal.signal(number, self._hear)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if self._since is None:
            self._since = time.monotonic()
            self._loop.call_soon_threadsafe(self._drain, number)
        elif not self._is_worker and time.monotonic() - self._since > ECHO:
            end_at_once(number)

    def _drain(self, number: int) -> None:
        self._begin()
        if self._drain_seconds:
            self._loop.call_later(self._drain_seconds, self._then[number], number, None)
        else:
            self._then[number](number, None)


def end_at_once(number: int) -> None:
    """End this process by the signal ``number``, as one ends that does not hear it."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
