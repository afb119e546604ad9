"""Sweep: checks every connection once a second, and ends those whose callers keep the server waiting too long.

A timer for every connection, set again with every request, would cost more than many an answer.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import Final, Protocol

from callsheet.http.connection.limits import DropReason

_log = logging.getLogger("callsheet")

_CROWDED_SHARE: Final = 0.75  # of max_connections
_CROWDED_TIME_SHARE: Final = 0.1  # of the time allowed, when it is crowded
_SWEEP_BATCH_SIZE: Final = 200  # connections; a thousand take 3 ms
_MAX_DELAY_SECONDS: Final = 2.0  # between two sweeps; more means that this process was held up
_WARNING_INTERVAL_SECONDS: Final = 60.0


class Aborts(Protocol):
    """A transport, as far as the sweep needs one."""

    def abort(self) -> None:
        """Close the connection without sending what is buffered."""


class Sweepable(Protocol):
    """A connection that the sweep can check."""

    @property
    def transport(self) -> Aborts:
        """What the connection is made of."""

    def check_time(self, now: float, share: float) -> None:
        """End the connection if its caller keeps the server waiting too long; see `EnvelopeProtocol`."""


class Sweep:
    """Ends connections that have waited too long, sooner when there is little room for others.

    Parameters
    ----------
    max_connections
        Maximum number of connections of this process.
    """

    def __init__(self, max_connections: int) -> None:
        self.max_connections = max_connections
        self.dropped: dict[str, int] = dict.fromkeys(DropReason, 0)
        """How many connections were ended, by `DropReason`."""
        self._warned_of = 0  # connections that found no room, at the last warning
        self._warned_at = self._swept_at = float("-inf")
        self._skipped = False  # the last sweep

    async def run(self, connections: Collection[Sweepable]) -> None:
        """Check all ``connections``, some at a time, so that requests need not wait for it."""
        now = asyncio.get_running_loop().time()
        self._skipped = now - self._swept_at > _MAX_DELAY_SECONDS and not self._skipped
        self._swept_at = now
        if self._skipped:
            return  # this process was slow, not the callers: what they sent meanwhile is read first
        share = _CROWDED_TIME_SHARE if len(connections) > _CROWDED_SHARE * self.max_connections else 1.0
        for number, connection in enumerate(list(connections), 1):
            if connection in connections:
                self._check(connection, now, share)
            if not number % _SWEEP_BATCH_SIZE:
                await asyncio.sleep(0)
        self._warn(len(connections), now)

    @staticmethod
    def _check(connection: Sweepable, now: float, share: float) -> None:
        try:
            connection.check_time(now, share)
        except Exception:  # otherwise the server would end
            _log.exception("A connection could not be checked, and is aborted.")
            connection.transport.abort()

    def _warn(self, count: int, now: float) -> None:
        turned_away = self.dropped[DropReason.FULL] - self._warned_of
        if turned_away and now - self._warned_at >= _WARNING_INTERVAL_SECONDS:
            _log.warning(
                "%d connections were turned away: %d are open, and max_connections is %d.",
                turned_away,
                count,
                self.max_connections,
            )
            self._warned_of, self._warned_at = self.dropped[DropReason.FULL], now
