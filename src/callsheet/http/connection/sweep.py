"""Sweep: a look at every connection, once a second, that ends those whose callers let us wait too long.

A timer for every connection, set anew with every request, would cost more than many an answer.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import Final, Protocol

from callsheet.http.connection.limits import DropReason

_log = logging.getLogger("callsheet")

_CROWDED: Final = 0.75  # of the connections there may be
_HURRY: Final = 0.1  # of the time allowed, when it is crowded
_AT_ONCE: Final = 200  # connections; a thousand take 3 ms
_LATE: Final = 2.0  # seconds since the last look; more means that this process was held up
_COMPLAINT: Final = 60.0  # seconds between two complaints


class Aborts(Protocol):
    """A transport, as far as the sweep needs one."""

    def abort(self) -> None:
        """Close the connection without sending what is buffered."""


class Sweepable(Protocol):
    """A connection that the sweep can look at."""

    @property
    def transport(self) -> Aborts:
        """What the connection is made of."""

    def check_time(self, now: float, share: float) -> None:
        """End the connection if its caller keeps the server waiting too long; see `EnvelopeProtocol`."""


class Sweep:
    """Ends connections that wait in vain, sooner when there is little room for others.

    Parameters
    ----------
    max_connections
        How many there may be in this process.
    """

    def __init__(self, max_connections: int) -> None:
        self.max_connections = max_connections
        self.dropped: dict[str, int] = dict.fromkeys(DropReason, 0)
        """How many connections were ended, by the reason why."""
        self._told = 0  # of those that found no room, when that was last complained of
        self._complained = self._looked = float("-inf")
        self._waived = False  # the last look

    async def run(self, connections: Collection[Sweepable]) -> None:
        """Look at all ``connections``, some at a time, so that nobody waits for that."""
        now = asyncio.get_running_loop().time()
        self._waived = now - self._looked > _LATE and not self._waived
        self._looked = now
        if self._waived:
            return  # it was we who took the time; what callers sent meanwhile is read before the next look
        share = _HURRY if len(connections) > _CROWDED * self.max_connections else 1.0
        for number, connection in enumerate(list(connections), 1):
            if connection in connections:
                self._look_at(connection, now, share)
            if not number % _AT_ONCE:
                await asyncio.sleep(0)
        self._complain(len(connections), now)

    @staticmethod
    def _look_at(connection: Sweepable, now: float, share: float) -> None:
        try:
            connection.check_time(now, share)
        except Exception:  # the server would end with it
            _log.exception("A connection could not be looked at, and is cut off.")
            connection.transport.abort()

    def _complain(self, count: int, now: float) -> None:
        turned_away = self.dropped[DropReason.FULL] - self._told
        if turned_away and now - self._complained >= _COMPLAINT:
            _log.warning(
                "%d connections were turned away: %d are open, and max_connections is %d.",
                turned_away,
                count,
                self.max_connections,
            )
            self._told, self._complained = self.dropped[DropReason.FULL], now
