"""Supervisor: starts the processes that serve, replaces those that end, and stops them."""

import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import resource_tracker
from typing import Final

from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess, multiprocess
from uvicorn.supervisors.multiprocess import Process

from callsheet.http.serve.config import ServerConfig
from callsheet.http.serve.forking import Worker, can_fork
from callsheet.http.serve.stopping import REPEATED_SIGNAL_SECONDS, SIGNALS, end_at_once

#: How often a supervisor that waits for its processes checks for a second signal.
_SIGNAL_INTERVAL_SECONDS: Final = 0.1


class _Group(Multiprocess):
    """Processes that serve the same; they ignore the Ctrl-C of a terminal, which the supervisor receives."""

    def init_processes(self) -> None:
        if not can_fork():
            resource_tracker.ensure_running()  # started later, it would unblock the signal
        with _without_interrupts():
            super().init_processes()

    def keep_subprocess_alive(self) -> None:
        with _without_interrupts():
            super().keep_subprocess_alive()


class Supervisor(_Group):
    """Watches over workers, and over the process of the Admin API if that has a listener; one fails as the other.

    Parameters
    ----------
    config, sockets
        Of the workers.
    admin_config, admin_sockets
        Of the Admin API; None if the workers serve it.
    """

    def __init__(
        self,
        config: ServerConfig,
        sockets: list[socket.socket],
        admin_config: ServerConfig | None = None,
        admin_sockets: list[socket.socket] | None = None,
    ) -> None:
        listeners = [*sockets, *(admin_sockets or [])]
        multiprocess.Process = partial(Worker, listeners=listeners)  # type: ignore  # uvicorn has no parameter for it
        # It comes first, as signals go to the group that was made last.
        self._admin = None if admin_config is None else _Group(admin_config, admin_sockets or [])
        super().__init__(config, sockets)

    @property
    def has_failed(self) -> bool:
        """Whether a process could not start to serve, so that all were ended."""
        return any(process.exitcode == STARTUP_FAILURE for process in self._everyone())

    def init_processes(self) -> None:
        """Start all processes."""
        super().init_processes()
        if self._admin is not None:
            self._admin.init_processes()

    def keep_subprocess_alive(self) -> None:
        """Replace those that have ended, or hang; end all if one cannot be started."""
        super().keep_subprocess_alive()
        if self._admin is None or self.should_exit.is_set():
            return
        self._admin.keep_subprocess_alive()
        if self._admin.should_exit.is_set():
            self.should_exit.set()

    def restart_all(self) -> None:
        """Replace each process by a new one, which begins before the old one ends."""
        super().restart_all()
        if self._admin is not None and not self.should_exit.is_set():
            self._admin.restart_all()

    def terminate_all(self) -> None:
        """Ask all processes to end."""
        for process in self._everyone():
            process.terminate()

    def join_all(self) -> None:
        """Wait for the processes to stop; a second signal kills them, and ends this process."""
        begun = time.monotonic()
        while alive := [process.process for process in self._everyone() if process.process.is_alive()]:
            alive[0].join(_SIGNAL_INTERVAL_SECONDS)
            again = [number for number in self.signal_queue if number in SIGNALS]
            self.signal_queue.clear()
            if again and time.monotonic() - begun > REPEATED_SIGNAL_SECONDS:
                for process in alive:
                    process.kill()
                end_at_once(again[0])

    def _everyone(self) -> list[Process]:
        return [*self.processes, *(self._admin.processes if self._admin is not None else ())]


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Block SIGINT; processes started meanwhile never receive it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
