"""Opening files that a configuration names, which may be pipes."""

import os


def open_at_once(path: str, flags: int) -> int:
    """Open a file, as an ``opener`` of `open`; of a pipe without a writer, the end is there at once."""
    opened = os.open(path, flags | os.O_NONBLOCK)
    os.set_blocking(opened, True)
    return opened
