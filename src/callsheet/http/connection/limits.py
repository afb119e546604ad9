"""What callers may take of a process: sizes, times, connections."""

from enum import StrEnum
from typing import Final, NamedTuple

#: Connections above `ConnectionLimits.max_connections` that are answered with 529; any beyond these are aborted.
MAX_REFUSED_CONNECTIONS: Final = 64


class ConnectionLimits(NamedTuple):
    """What callers may take.

    Parameters
    ----------
    max_url_bytes, max_header_bytes, max_body_bytes
        The largest request, part by part.
    max_connections
        Open at the same time, of one process.
    head_seconds
        In which a complete head must arrive, and then again for its body.
    answer_seconds
        For which a caller may leave its answer unread.
    max_unread_bytes
        Of answers that callers leave unread, of one process.
    """

    max_url_bytes: int
    max_header_bytes: int
    max_body_bytes: int
    max_connections: int = 10_000
    head_seconds: float = 10.0
    answer_seconds: float = 30.0
    max_unread_bytes: int = 256 * 2**20


class DropReason(StrEnum):
    """Why the server ends a connection that its caller could still use."""

    FULL = "full"
    """There is no room for it."""
    SLOW = "slow"
    """Its request does not arrive in time."""
    UNREAD = "unread"
    """Its caller does not read the answer."""
