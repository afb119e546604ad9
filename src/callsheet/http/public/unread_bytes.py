"""UnreadBytes: how much of their answers all callers of a process leave unread."""

import logging
from typing import Final

_log = logging.getLogger("callsheet")

_COMPLAINT: Final = 60.0  # seconds between two complaints


class UnreadBytes:
    """What the connections of a process hold of answers that their callers do not read.

    Parameters
    ----------
    most
        Bytes, all together; no further large answers are given above this.
    """

    __slots__ = ("_complained", "_complained_of", "is_full", "most", "refused", "total")

    def __init__(self, most: int) -> None:
        self.most = most
        self.total = 0
        self.refused = 0
        """Answers that were not given because of this."""
        self.is_full = False
        """Whether they are too many. Looked at with every request, so it is no property."""
        self._complained_of = 0  # refusals
        self._complained = float("-inf")

    def change(self, by: int) -> None:
        """Count ``by`` more bytes, or fewer."""
        self.total += by
        self.is_full = self.total > self.most

    def complain(self, now: float) -> None:
        """Log what was refused, once a minute at most; ``now`` is by a clock that is never set."""
        refused = self.refused - self._complained_of
        if refused and now - self._complained >= _COMPLAINT:
            _log.warning(
                "Refused %d request%s for large lists: callers leave %d bytes of answers unread, and "
                "max_unread_bytes is %d; raise it if there is memory for more.",
                refused,
                "s" * (refused != 1),
                self.total,
                self.most,
            )
            self._complained_of, self._complained = self.refused, now
