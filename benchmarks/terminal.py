"""Progress on stderr, only where somebody watches."""

import sys
from typing import Final

_CLEAR: Final = "\r\x1b[K"


def progress(sentence: str) -> None:
    """Show what is being done now, in place of what was before; an empty sentence takes it away."""
    if sys.stderr.isatty():
        sys.stderr.write(f"{_CLEAR}{sentence}")
        sys.stderr.flush()
