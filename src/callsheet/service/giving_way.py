"""giving_way: while a thread works in the background, the event loop gets the interpreter sooner."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: How often such a thread offers the interpreter to others; as a permanent setting, it would slow all threads.
_SWITCH_INTERVAL_SECONDS: Final = 0.0001

_lock = threading.Lock()  # guards what follows, as `sys.setswitchinterval` is process-wide
_usual: list[float] = []  # the interval of before, once for each thread that gives way


@contextmanager
def giving_way() -> Iterator[None]:
    """Offer the interpreter to other threads fifty times as often as usual; several threads may do so at a time."""
    with _lock:
        _usual.append(_usual[0] if _usual else sys.getswitchinterval())
        sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    try:
        yield
    finally:
        with _lock:
            interval = _usual.pop()
            if not _usual:
                sys.setswitchinterval(interval)
