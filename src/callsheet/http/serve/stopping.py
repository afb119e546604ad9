"""Stopping: what SIGTERM and SIGINT do to a server process."""

import asyncio
import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

#: For how long a second signal counts as a repetition of the first one: programs that start others (``timeout``, a
#: shell, a supervisor) pass on signals that a terminal or a service manager has sent to the whole group.
REPEATED_SIGNAL_SECONDS: Final = 1.0


class Stopping:
    """Announces that the process will end, goes on answering for a while, and then lets the server stop.

    Load balancers need some seconds to notice; until then, no caller is refused. A second signal ends the process.

    Parameters
    ----------
    begin
        Called on the event loop with the first signal.
    drain_seconds
        How long to go on answering.
    is_worker
        Whether a supervisor handles a second signal, and this process receives the first one twice.
    """

    def __init__(self, begin: Callable[[], object], drain_seconds: float, *, is_worker: bool) -> None:
        self._begin = begin
        self._drain_seconds = drain_seconds
        self._is_worker = is_worker
        self._since: float | None = None
        self._handlers: dict[int, Any] = {}

    def take_over(self) -> None:
        """Handle the signals from now on, before the present handlers; to be called on the event loop."""
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            self._handlers[number] = signal.signal(number, self._handle)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._since is None:
            self._since = time.monotonic()
            self._loop.call_soon_threadsafe(self._drain, number)
        elif not self._is_worker and time.monotonic() - self._since > REPEATED_SIGNAL_SECONDS:
            end_at_once(number)

    def _drain(self, number: int) -> None:
        self._begin()
        if self._drain_seconds:
            self._loop.call_later(self._drain_seconds, self._handlers[number], number, None)
        else:
            self._handlers[number](number, None)


def end_at_once(number: int) -> None:
    """End this process by the signal ``number``, as if it had no handler."""
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
