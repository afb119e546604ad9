"""Deadlines of a whole attempt, for threads: an HTTP client has only time-outs of each wait.

In an event loop, the attempt is cancelled. A thread cannot be cancelled, so every wait for bytes gets at most the
time that is left. The trace extension of httpcore2 reports each step of a request, and the stream of each new
connection.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

#: The ends of the names of the steps that create a stream: connected, or with TLS on top.
MADE: Final = (".connect_tcp.complete", ".connect_unix_socket.complete", ".start_tls.complete")

_STARTED: Final = ".started"
_WAITS: Final = ("connect", "read", "write", "pool")
_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


class Deadlines:
    """The deadlines of the threads that share one HTTP client and its connections."""

    def __init__(self) -> None:
        self._here = threading.local()

    @contextmanager
    def within(
        self, seconds: float | None, late: Callable[[], Exception], most: Mapping[str, float] = _NOTHING
    ) -> Iterator[dict[str, Any] | None]:
        """Bound one attempt; yield the extensions for its request.

        Parameters
        ----------
        seconds
            Of the attempt; None does not bound it.
        late
            Makes the exception that is raised when it takes longer.
        most
            The longest that a single wait may take, by its kind (``connect``, ``read``, ``write``, ``pool``).
        """
        if seconds is None:
            yield None
            return
        here, waits = self._here, _bounded(seconds, most)
        here.end, here.late = time.monotonic() + seconds, late

        def trace(step: str, about: dict[str, Any]) -> None:
            if step.endswith(MADE):
                self._guard(about["return_value"])
            elif step.endswith(_STARTED) and "close" not in step:
                self._shorten(waits, most)

        try:
            yield {"timeout": waits, "trace": trace}
        finally:
            here.end = None

    def _shorten(self, waits: dict[str, float], most: Mapping[str, float]) -> None:
        left = self._left()
        if left is not None:
            waits.update(_bounded(left, most))

    def _left(self) -> float | None:
        """Seconds until the deadline; None for what others send with a user's HTTP client."""
        end: float | None = getattr(self._here, "end", None)
        if end is None:
            return None
        left = end - time.monotonic()
        if left <= 0:
            raise self._here.late()
        return left

    def _guard(self, stream: Any) -> None:
        """Bound every read and write of a stream by the deadline of the thread that uses it."""
        for name in ("read", "write"):
            setattr(stream, name, self._guarded(getattr(stream, name)))

    def _guarded(self, wait: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(data: Any, timeout: float | None = None) -> Any:
            waits = [each for each in (timeout, self._left()) if each is not None]
            return wait(data, timeout=min(waits, default=None))

        return guarded


def _bounded(seconds: float, most: Mapping[str, float]) -> dict[str, float]:
    return {name: min(seconds, most.get(name, seconds)) for name in _WAITS}
