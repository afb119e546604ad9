"""Open files: how many connections this process may hold, as each of them is an open file."""

import logging
import resource
from typing import Final

from callsheet.http.connection.limits import MAX_REFUSED_CONNECTIONS

_log = logging.getLogger("callsheet")

#: Files that are not connections: the database, the log, shared rate limits; and connections about to be refused.
_RESERVED_FILES: Final = 64 + MAX_REFUSED_CONNECTIONS
_MIN_CONNECTIONS: Final = 16


def connections_allowed(wanted: int, beside: int = 0) -> int:
    """Return how many of the ``wanted`` connections the limit on open files leaves room for.

    ``beside`` is how many files connections that this process makes itself may need.

    The limit is raised first, as far as this process may. Without any room left, the system would go on announcing
    connections that cannot be accepted.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    reserved = _RESERVED_FILES + beside
    needed = wanted + reserved
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return wanted
    allowed = max(_MIN_CONNECTIONS, soft - reserved)
    _log.warning(
        "At most %d connections at a time, not the %d of max_connections: no more than %d files may be open; "
        "raise that limit (ulimit -n).",
        allowed,
        wanted,
        soft,
    )
    return allowed
