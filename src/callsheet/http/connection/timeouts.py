"""Time-outs: connections end whose callers are slow to send a request or to read an answer."""

from asyncio import Transport
from enum import Enum
from typing import Any, Final

from callsheet.domain.errors import APIError, RequestTimeoutError
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.limits import DropReason
from callsheet.http.connection.pipeline import PipelineProtocol
from callsheet.http.connection.unread import Reading, held_by_system

_CLOSE_TIMEOUT_SECONDS: Final = 2.0  # in which input is discarded after a last answer


class ParserState(Enum):
    """Which part of a message the parser expects next."""

    IDLE = 0
    HEAD = 1
    BODY = 2


# Looking up a member of an enumeration costs ten times more than a name, and is done for every header line.
IDLE: Final = ParserState.IDLE
HEAD: Final = ParserState.HEAD
BODY: Final = ParserState.BODY


class TimedProtocol(PipelineProtocol):
    """Ends its connection if the caller takes too long: to send a head or a body, or to read an answer."""

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._limits = config.limits
        self._parser_state = IDLE
        self._refusal: APIError | None = None
        self._sweep = config.sweep
        self._connected_at = 0.0  # this and the times below are by the loop's clock
        self._answered_at = 0.0  # when the last answer was complete; 0 before the first one
        self._state_since = 0.0  # when the head that is arriving began, or its body
        self._reading: Reading | None = None  # of an answer that has not left completely
        self._unread = config.unread
        self._unread_here = 0  # bytes of `_unread` that are this connection's

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Note when the connection began."""
        super().connection_made(transport)
        self._connected_at = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting what this caller will not read any more."""
        self._count_unread(0)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Begin to measure how fast the caller reads: part of an answer has to wait."""
        super().pause_writing()
        self._count_unread(self.transport.get_write_buffer_size())
        if self._reading is None:
            self._begin_reading(self.loop.time())

    def resume_writing(self) -> None:
        """Stop counting: nearly all of the answer has left."""
        super().resume_writing()
        self._count_unread(0)

    def _count_unread(self, count: int) -> None:
        self._unread.change(count - self._unread_here)
        self._unread_here = count

    def _begin_reading(self, now: float) -> None:
        self._reading = Reading(self.transport, now, self._limits.answer_seconds)

    def on_response_complete(self) -> None:
        """Await the next request."""
        self._answered_at = self.loop.time()
        super().on_response_complete()

    def check_time(self, now: float, share: float) -> None:
        """End the connection if its caller takes too long: to send a request, or to read the answer.

        Parameters
        ----------
        now
            By the loop's clock.
        share
            Of the time allowed for requests; less than 1 when connections run short.
        """
        if self._check_unsent(now) or self._is_answering() or self.transport.is_closing():
            return
        if self._discarding_input:
            self._check_closing(now, share)
        elif self._parser_state is not IDLE:
            self._check_request(now, share)
        elif self._answered_at:
            self._check_idle(now, share)
        else:
            self._check_first_request(now, share)

    def _check_closing(self, now: float, share: float) -> None:
        """After the last answer, wait for the caller to close, but not for long."""
        if now - self._answered_at > _CLOSE_TIMEOUT_SECONDS * share:
            self.transport.close()

    def _check_request(self, now: float, share: float) -> None:
        """Refuse a head, or a body, that has not arrived completely in time."""
        if now - self._state_since > self._limits.head_seconds * share:
            self._sweep.dropped[DropReason.SLOW] += 1
            self._refusal = RequestTimeoutError("The request took too long to arrive")
            self.send_400_response("")

    def _check_idle(self, now: float, share: float) -> None:
        """Close a connection that waits for its next request, unless the answer before is still on its way."""
        if now - self._answered_at > self.timeout_keep_alive * share:
            if held_by_system(self.transport):
                self._check_reading(now)
            else:
                self.transport.close()

    def _check_first_request(self, now: float, share: float) -> None:
        """Close a connection that has never sent anything; there is no request to answer."""
        if now - self._connected_at > self._limits.head_seconds * share:
            self._sweep.dropped[DropReason.SLOW] += 1
            self.transport.close()

    def _check_unsent(self, now: float) -> bool:
        """Return whether part of an answer has not left yet; end the connection if that takes too long."""
        unsent = self.transport.get_write_buffer_size()
        if unsent or self._unread_here:
            self._count_unread(unsent)
        if unsent or (self._reading is not None and held_by_system(self.transport)):
            self._check_reading(now)
            return True
        if self._reading is not None:
            self._reading = None
            self._answered_at = now
        return False

    def _check_reading(self, now: float) -> None:
        """Abort the connection of a caller that reads nothing, or next to nothing.

        It cannot be closed in the ordinary way, as that waits for the answer to leave.
        """
        if self._reading is None:
            self._begin_reading(now)
        elif self._reading.is_too_slow(now):
            self._sweep.dropped[DropReason.UNREAD] += 1
            self.transport.abort()
