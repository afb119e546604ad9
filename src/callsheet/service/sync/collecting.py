"""Garbage collection, put off while many thousand rows are made, of which none is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collections() -> Iterator[None]:
    """Put off the search for cyclic garbage meanwhile: it would look at every row again and again.

    That is a third of the time of a run. It must not enclose anything that waits.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
