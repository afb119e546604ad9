"""Workers are forked from the supervisor where that is safe: they start at once, and share its memory."""

import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from multiprocessing import get_context
from socket import socket
from typing import Any, Final

from uvicorn._subprocess import subprocess_started
from uvicorn.config import Config
from uvicorn.supervisors.multiprocess import SIGNALS, Process

#: What the supervisor handles.
_SIGNALS: Final = frozenset(map(signal.Signals, SIGNALS))


class Worker(Process):
    """A process that serves: a copy of the supervisor, or started by uvicorn where a copy might not work.

    Parameters
    ----------
    config, sockets
        Of uvicorn: what is served, and where.
    listeners
        Every socket that the supervisor listens on; the process keeps ``sockets`` alone.
    """

    def __init__(self, config: Config, sockets: list[socket], listeners: Sequence[socket] = ()) -> None:
        super().__init__(config, sockets)
        self._is_forked = can_fork()
        if self._is_forked:
            others = [each for each in listeners if each not in sockets]
            options = {"config": config, "target": self.target, "sockets": sockets, "stdin_fileno": _stdin()}
            process: Any = get_context("fork").Process(target=_begin, args=(others,), kwargs=options)
            self.process = process

    def start(self) -> None:
        """Start it; until `_begin` has taken back the supervisor's handlers, no signal reaches it."""
        if not self._is_forked:
            super().start()
            return
        gc.freeze()  # to look for garbage among what was here before would copy it
        present = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, present)


def can_fork() -> bool:
    """Return whether a copy of this process works: on Linux, and if no other thread can hold a lock meanwhile."""
    return sys.platform == "linux" and threading.active_count() == 1


def _stdin() -> int | None:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def _begin(others: Iterable[socket], target: Callable[..., None], **options: Any) -> None:
    """Be as a process that was started; SIGINT, which the supervisor handles for all, stays blocked."""
    for each in others:
        each.close()
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS - {signal.SIGINT})
    subprocess_started(target=target, **options)
