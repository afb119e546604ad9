"""BackgroundThread: a daemon thread with a stop signal and a time-out for its end."""

import threading
from collections.abc import Callable


class BackgroundThread:
    """Runs a function on a daemon thread until it is asked to stop.

    It may be started again after a stop, or in a process forked from this one, where the thread does not exist.

    Parameters
    ----------
    name
        Of the thread.
    target
        Called with the stop signal, which it waits on between two pieces of work.
    stop_timeout
        How long `join` waits for the end, in seconds; a thread that hangs longer ends with the process.
    """

    def __init__(self, name: str, target: Callable[[threading.Event], None], stop_timeout: float) -> None:
        self._name = name
        self._target = target
        self._stop_timeout = stop_timeout
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, in this process."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._target, args=[self._stop], name=self._name, daemon=True)
        self._thread.start()

    def request_stop(self) -> None:
        """Set the stop signal."""
        self._stop.set()

    def join(self) -> None:
        """Wait for the end, if it was started."""
        if self._thread is not None:
            self._thread.join(self._stop_timeout)

    def stop(self) -> None:
        """Set the stop signal and wait for the end."""
        self.request_stop()
        self.join()
