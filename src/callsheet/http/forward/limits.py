"""ForwardLimits: what forwarded requests may take of a process."""

from typing import Final, NamedTuple

#: Connections to the gateway that are kept for the next request.
MAX_KEPT_CONNECTIONS: Final = 64


class ForwardLimits(NamedTuple):
    """What forwarded requests may take.

    Parameters
    ----------
    connect_seconds
        In which the gateway must accept a connection, TLS included.
    idle_seconds
        For which a request may go without a byte from the gateway or of the client's body.
    max_requests
        Under way at the same time, of one process.
    """

    connect_seconds: float = 5.0
    idle_seconds: float = 600.0
    max_requests: int = 1_000
