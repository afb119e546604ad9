"""UnreadBytes: how much of their answers all callers of a process leave unread."""

import logging
from typing import Final

_log = logging.getLogger("callsheet")

_WARNING_INTERVAL_SECONDS: Final = 60.0


class UnreadBytes:
    """What the connections of a process hold of answers that their callers have not read.

    Parameters
    ----------
    max_bytes
        All together; above this, no further large answers are given.
    """

    __slots__ = ("_warned_at", "_warned_of", "is_full", "max_bytes", "refused", "total")

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.total = 0
        self.refused = 0
        """Requests refused because too much was left unread."""
        self.is_full = False
        """Whether they are too many. Read with every request, so it is not a property."""
        self._warned_of = 0  # refusals, at the last warning
        self._warned_at = float("-inf")

    def change(self, by: int) -> None:
        """Add ``by`` bytes, which may be negative."""
        self.total += by
        self.is_full = self.total > self.max_bytes

    def warn(self, now: float) -> None:
        """Log what was refused, once a minute at most; ``now`` is by the monotonic clock."""
        refused = self.refused - self._warned_of
        if refused and now - self._warned_at >= _WARNING_INTERVAL_SECONDS:
            _log.warning(
                "Refused %d request%s for large lists: callers leave %d bytes of answers unread, and "
                "max_unread_bytes is %d; raise it if there is memory for more.",
                refused,
                "s" * (refused != 1),
                self.total,
                self.max_bytes,
            )
            self._warned_of, self._warned_at = self.refused, now
