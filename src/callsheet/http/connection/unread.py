"""Reading: how fast a caller reads its answer, by what its system acknowledges.

What a connection still buffers says little of that: the system takes megabytes ahead, and its buffer, that of a
proxy and the caller's own drain for minutes before ours moves at all.
"""

import fcntl
import socket
import struct
from asyncio import Transport
from contextlib import suppress
from typing import Final

_SLOWEST: Final = 1024  # bytes a second that are enough
_SLACK: Final = 5.0  # seconds, at most, by which such a reader may be late

#: What the caller's system may have taken before we looked, in bytes; it is read before anything is seen to move.
_MOST_TAKEN: Final = 128 * 1024

_SIOCOUTQ: Final = 0x5411
_INT: Final = struct.Struct("i")
_BYTES_ACKED: Final = struct.Struct("Q")
_BYTES_ACKED_AT: Final = 120  # of Linux' struct tcp_info


class Reading:
    """How an answer is read that did not leave at once.

    Whoever reads 1 KiB a second has never had more of it than that time allows, whatever its own system, ours and
    proxies between them hold. So what has left, at that rate, is the time that reading it may take.

    Parameters
    ----------
    transport
        Of the connection.
    now
        By the loop's clock.
    patience
        Seconds for which nothing may be read.
    """

    __slots__ = ("_acknowledged", "_allowed", "_granted", "_left", "_moved", "_since", "_transport")

    def __init__(self, transport: Transport, now: float, patience: float) -> None:
        self._transport = transport
        self._since = now
        self._acknowledged = _acknowledged(transport)
        self._left = _unsent(transport)
        self._moved = 0  # bytes, where acknowledgements cannot be counted
        self._allowed = max(patience, min(self._acknowledged or 0, _MOST_TAKEN) / _SLOWEST + min(patience, _SLACK))
        self._granted = self._allowed  # and what was read when we last asked for that

    def is_too_slow(self, now: float) -> bool:
        """Return whether the answer has been left unread for longer than it may be."""
        elapsed = now - self._since
        if self._acknowledged is None:
            return elapsed > self._allowed + self._moved_in_buffers() / _SLOWEST
        if elapsed > self._granted:  # seldom: asking the system costs more than all else here
            moved = (_acknowledged(self._transport) or 0) - self._acknowledged
            self._granted = self._allowed + moved / _SLOWEST
        return elapsed > self._granted

    def _moved_in_buffers(self) -> int:
        left = _unsent(self._transport)
        self._moved += max(0, self._left - left)
        self._left = left
        return self._moved


def held_by_system(transport: Transport) -> int:
    """Return how many bytes the system holds that the other side has not acknowledged; 0 where it does not say."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is None:
        return 0
    with suppress(OSError):
        (count,) = _INT.unpack(fcntl.ioctl(connection.fileno(), _SIOCOUTQ, bytes(_INT.size)))
        return int(count)
    return 0


def _unsent(transport: Transport) -> int:
    return transport.get_write_buffer_size() + held_by_system(transport)


def _acknowledged(transport: Transport) -> int | None:
    """How many bytes the other side's system has acknowledged since the beginning; None where ours does not say."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is None or not hasattr(socket, "TCP_INFO"):
        return None
    size = _BYTES_ACKED_AT + _BYTES_ACKED.size
    with suppress(OSError):  # it is not TCP
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
        if len(info) == size:
            (count,) = _BYTES_ACKED.unpack_from(info, _BYTES_ACKED_AT)
            return int(count)
    return None
