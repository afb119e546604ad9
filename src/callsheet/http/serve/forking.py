"""Worker processes are forked from the supervisor where that is safe: they start at once, and share its memory."""

import gc
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing import get_context, resource_tracker
from socket import socket
from typing import Any, Final

from uvicorn._subprocess import subprocess_started
from uvicorn.config import Config
from uvicorn.supervisors.multiprocess import SIGNALS, Process

#: A signal that is sent to a worker before it can handle it ends it, as it ends an interpreter that starts.
_SIGNALS: Final = frozenset(map(signal.Signals, SIGNALS))


class Worker(Process):
    """A worker process: forked, or started by uvicorn where a fork might not work."""

    def __init__(self, config: Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        if can_fork():
            options = {"config": config, "target": self.target, "sockets": sockets, "stdin_fileno": _stdin()}
            process: Any = get_context("fork").Process(target=_begin, kwargs=options)
            self.process = process

    def start(self) -> None:
        """Start it; no signal reaches it before `_begin` has said what they do."""
        if not can_fork():
            resource_tracker.ensure_running()  # started later, it would unblock the signals
        gc.freeze()  # collecting what was here before the fork would copy it
        present = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            super().start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, present)


def can_fork() -> bool:
    """Return whether a copy of this process works: on Linux, if no other thread holds a lock meanwhile."""
    return sys.platform == "linux" and threading.active_count() == 1


def _stdin() -> int | None:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def _begin(target: Callable[..., None], **options: Any) -> None:
    """Be as a process that was started, and not copied; SIGINT, of which the supervisor hears, stays blocked."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS - {signal.SIGINT})
    subprocess_started(target=target, **options)
