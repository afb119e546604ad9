"""Limits: what one run of a source may take."""

from collections.abc import Callable
from typing import Final, NamedTuple

from callsheet.service.sync.guard import check_peer


class Limits(NamedTuple):
    """What one run may take.

    Parameters
    ----------
    max_bytes
        Of all answers together, unpacked: they are in memory at the same time.
    max_rows
        Of a list: more would take the memory that the server needs for its answers.
    max_requests
        Of one run.
    connect_seconds
        From asking for a connection until it is there, TLS included, for each of its steps.
    read_seconds
        Without a byte.
    request_seconds
        From connecting to the last byte of one answer.
    run_seconds
        For all requests of a run.
    check_peer
        Raises SourceError if an upstream, named first, must not lead to an address, named second.
    """

    max_bytes: int = 64 << 20
    max_rows: int = 250_000
    max_requests: int = 5_000
    connect_seconds: float = 10
    read_seconds: float = 30
    request_seconds: float = 60
    run_seconds: float = 300
    check_peer: Callable[[str, str], None] = check_peer


LIMITS: Final = Limits()

#: For the page that says what an installation's list comes through.
PAGE_LIMITS: Final = Limits(1 << 20, 0, 1, 5, 5, 5, 5)
