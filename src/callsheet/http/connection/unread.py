"""Reading: how fast a caller reads its answer, measured by what its system acknowledges.

What a connection still buffers says little about that: the system accepts megabytes ahead, and its buffer, those of
proxies and the caller's own drain for minutes before this process sees anything move.
"""

import fcntl
import socket
import struct
from asyncio import Transport
from contextlib import suppress
from typing import Final

_MIN_BYTES_PER_SECOND: Final = 1024
_MAX_LAG_SECONDS: Final = 5.0  # by which a reader of that rate may be late

#: What the caller's system may have accepted before the measurement began; it is read first, unseen.
_MAX_ACCEPTED_BYTES: Final = 128 * 1024

_SIOCOUTQ: Final = 0x5411
_INT: Final = struct.Struct("i")
_BYTES_ACKED: Final = struct.Struct("Q")
_BYTES_ACKED_AT: Final = 120  # of Linux' struct tcp_info

#: The first byte of that struct where the other side sends nothing more: TCP_CLOSE, TCP_CLOSE_WAIT, TCP_LAST_ACK.
_HUNG_UP: Final = (b"\x07", b"\x08", b"\x09")


class Reading:
    """How fast an answer is read that did not leave at once.

    A caller that reads 1 KiB a second can never have received more than that rate allows, whatever the systems and
    proxies in between buffer. So the bytes that have left, at that rate, are the time that reading them may take.

    Parameters
    ----------
    transport
        Of the connection.
    now
        By the loop's clock.
    patience
        Seconds in which the caller may read nothing.
    """

    __slots__ = ("_acknowledged", "_allowed", "_granted", "_left", "_moved", "_since", "_transport")

    def __init__(self, transport: Transport, now: float, patience: float) -> None:
        self._transport = transport
        self._since = now
        self._acknowledged = _acknowledged(transport)
        self._left = _unsent(transport)
        self._moved = 0  # bytes, where the system does not count acknowledgements
        accepted = min(self._acknowledged or 0, _MAX_ACCEPTED_BYTES)
        self._allowed = max(patience, accepted / _MIN_BYTES_PER_SECOND + min(patience, _MAX_LAG_SECONDS))
        self._granted = self._allowed  # plus the time for what was read when that was last asked

    def is_too_slow(self, now: float) -> bool:
        """Return whether the caller has read too little for the time that has passed."""
        elapsed = now - self._since
        if self._acknowledged is None:
            return elapsed > self._allowed + self._moved_in_buffers() / _MIN_BYTES_PER_SECOND
        if elapsed > self._granted:  # rarely: asking the system costs more than the rest
            moved = (_acknowledged(self._transport) or 0) - self._acknowledged
            self._granted = self._allowed + moved / _MIN_BYTES_PER_SECOND
        return elapsed > self._granted

    def _moved_in_buffers(self) -> int:
        left = _unsent(self._transport)
        self._moved += max(0, self._left - left)
        self._left = left
        return self._moved


def held_by_system(transport: Transport) -> int:
    """Return how many sent bytes the other side has not acknowledged; 0 where the system does not say."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is None:
        return 0
    with suppress(OSError):
        (count,) = _INT.unpack(fcntl.ioctl(connection.fileno(), _SIOCOUTQ, bytes(_INT.size)))
        return int(count)
    return 0


def has_hung_up(transport: Transport) -> bool:
    """Return whether the other side has closed the connection; False where the system does not say."""
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is None or not hasattr(socket, "TCP_INFO"):
        return False
    with suppress(OSError):  # it is not TCP
        return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) in _HUNG_UP
    return False


def _unsent(transport: Transport) -> int:
    return transport.get_write_buffer_size() + held_by_system(transport)


def _acknowledged(transport: Transport) -> int | None:
    """Bytes that the other side has acknowledged since the connection began; None where the system does not say."""
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
