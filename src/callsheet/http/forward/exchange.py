"""Exchange: one request on its way to the gateway, and its answer on the way back.

Everything happens in callbacks of the two connections: what arrives on one is written to the other at once, and as
long as one side does not take more, the other is not read. So memory is bounded by what the two connections buffer.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from callsheet.api.request import Header
from callsheet.http.forward import refusal
from callsheet.http.forward.fields import trailers
from callsheet.http.forward.gateway import GatewayConnection
from callsheet.http.forward.heads import RequestHead, write_answer, write_interim
from callsheet.http.forward.metrics import ForwardMetrics
from callsheet.http.forward.refusal import Reason, RefusedRequestError
from callsheet.http.handed_over import ClientSide
from callsheet.http.wire_headers import write_lines
from callsheet.http1.answer_head import AnswerHead
from callsheet.http1.answer_reader import AnswerFaultError, AnswerReader
from callsheet.service.clock import SYSTEM_CLOCK, Clock

_END_OF_LINE: Final = b"\r\n"
_MAX_COPIED_BYTES: Final = 16 * 1024  # of a chunk; joining more takes longer than writing it in pieces


class Exchange:
    """Passes a request and its answer on between two connections.

    Parameters
    ----------
    head
        Of the request.
    client, gateway
        The connections. That to the gateway is closed, or fit for another request, when the exchange is done.
    metrics
        Counts.
    idle_seconds
        For which nothing may arrive from either side.
    clock
        By which it is measured how long the head of the answer takes.
    """

    def __init__(
        self,
        head: RequestHead,
        client: ClientSide,
        gateway: GatewayConnection,
        metrics: ForwardMetrics,
        idle_seconds: float,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._request = head
        self._client = client
        self._gateway = self.gateway = gateway
        self._metrics = metrics
        self._idle_seconds = idle_seconds
        self._reader = AnswerReader(head.method)
        self._moved_at = self._loop.time()
        self._perf_counter = clock.perf_counter
        self._begun_at = self._perf_counter()
        self._timer: asyncio.TimerHandle | None = None
        self._has_body_begun = False  # that of the request
        self._is_sent = False  # the whole request
        self._sends_chunks = head.is_chunked
        self._in_chunks = False  # the answer to the client
        self._closes = False  # the client's connection, with the answer
        self._ends_by_close = False  # the answer, which has no length
        self.done: asyncio.Future[bool] = self._loop.create_future()
        """Whether the connection to the gateway can be used again; or the refusal, if nothing has been written."""
        self.answer: AnswerHead | None = None
        """The head of the answer, once it has been passed on."""
        self.has_timed_out = False
        """Whether nothing moved for too long."""
        self.has_answered = False
        """Whether any byte came from the gateway."""
        self.length = 0
        """Of the answer's body, as far as it has been passed on."""
        self.failure: Reason | None = None
        """Why the answer broke off."""

    def start(self, head: bytes) -> None:
        """Send the ``head`` of the request, and pass everything on from now on."""
        if self._client.has_left:
            self.client_lost()
            return
        self._gateway.receiver = self
        self._gateway.transport.write(head)
        self._timer = self._loop.call_later(self._idle_seconds, self._check_idle)
        self._client.take(self)
        if self._client.is_paused:
            self.pause_answer()

    def cancel(self) -> None:
        """Break off, as the server stops."""
        self._fail(Reason.CANCELLED, refusal.closed())

    # What the client's connection calls.

    def body_received(self, body: bytes) -> None:
        """Send part of the body to the gateway."""
        self._moved_at = self._loop.time()
        self._has_body_begun = True
        self._metrics.to_gateway += len(body)
        if self._sends_chunks:
            self._gateway.transport.writelines((b"%x\r\n" % len(body), body, _END_OF_LINE))
        else:
            self._gateway.transport.write(body)

    def request_ended(self, more: Sequence[Header]) -> None:
        """Send the end of the body, with any trailers."""
        self._is_sent = True
        if self._sends_chunks:
            self._gateway.transport.write(b"0\r\n%b\r\n" % write_lines(trailers(more)))

    def client_lost(self) -> None:
        """Close the connection to the gateway at once, so that it stops working on the answer."""
        self._fail(Reason.CANCELLED, refusal.closed())

    def pause_answer(self) -> None:
        """Stop reading from the gateway."""
        self._gateway.transport.pause_reading()

    def resume_answer(self) -> None:
        """Go on reading."""
        self._moved_at = self._loop.time()
        self._gateway.transport.resume_reading()

    # What the connection to the gateway calls.

    def pause_request(self) -> None:
        """Stop reading from the client."""
        if not self._is_sent:
            self._client.pause_reading()

    def resume_request(self) -> None:
        """Go on reading."""
        self._moved_at = self._loop.time()
        self._client.resume_reading()

    def answer_received(self, data: bytes) -> None:
        """Write to the client what has arrived from the gateway."""
        self._moved_at = self._loop.time()
        self.has_answered = True
        reader = self._reader
        try:
            body = reader.feed(data)
        except AnswerFaultError:
            self._fail(Reason.INVALID, refusal.invalid())
            return
        if self.answer is None:
            self._begin_answer()
        if body:
            self._send_body(body)
        if reader.is_complete:
            self._complete()

    def gateway_lost(self, *, is_clean: bool) -> None:
        """Complete an answer that ends with the connection; any other is broken off."""
        if is_clean and self._reader.end():
            self._complete()
        elif self.answer is None:
            self._fail(Reason.AWAY, refusal.closed())
        else:
            self._fail(Reason.BROKEN, refusal.closed())

    def _begin_answer(self) -> None:
        head, version = self._reader.head, self._request.version
        for each in self._reader.interim:
            if version == "1.1":
                self._client.write(write_interim(each))
        self._reader.interim.clear()
        if head is None:
            return
        self.answer = head
        self._metrics.count_answer(head.status, self._perf_counter() - self._begun_at)
        has_body = head.has_body(self._request.method)
        self._in_chunks = has_body and head.is_chunked and version == "1.1"
        self._ends_by_close = has_body and not self._in_chunks and head.length is None
        never_sends = self._request.awaits_continue and not (self._is_sent or self._has_body_begun)
        self._closes = self._ends_by_close or not self._client.keeps_connection or never_sends
        more = self._client.default_headers
        self._client.write(write_answer(head, more, in_chunks=self._in_chunks, closes=self._closes))

    def _send_body(self, body: bytes) -> None:
        self.length += len(body)
        self._metrics.from_gateway += len(body)
        if self._in_chunks:
            if len(body) > _MAX_COPIED_BYTES:
                self._client.write(b"%x\r\n" % len(body), body, _END_OF_LINE)
            else:
                self._client.write(b"%x\r\n%b\r\n" % (len(body), body))
        else:
            self._client.write(body)

    def _complete(self) -> None:
        if self.done.done():
            return
        if self._in_chunks:
            self._client.write(b"0\r\n%b\r\n" % write_lines(trailers(self._reader.trailers)))
        self._stop()
        self._gateway.receiver = None  # what else arrives makes the connection unfit
        is_reusable = self._is_sent and self._reader.can_reuse and not self._gateway.is_paused
        if not is_reusable:
            self._gateway.close()
        self._client.finish(closes=self._closes)
        self.done.set_result(is_reusable)

    def _fail(self, reason: Reason, error: RefusedRequestError) -> None:
        """End both sides: the client gets an error if nothing has been written yet, else a broken connection."""
        if self.done.done():
            return
        self._stop()
        self._gateway.close()
        if self.answer is None and reason is not Reason.CANCELLED:
            self._client.give_back()
            self.done.set_exception(error)
        else:
            self.failure = reason
            self._client.break_off(
                by_reset=self._ends_by_close, waits=reason not in (Reason.CANCELLED, Reason.SLOW)
            )
            self.done.set_result(False)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _check_idle(self) -> None:
        """Break off if nothing has moved for too long."""
        left = self._moved_at + self._idle_seconds - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._check_idle)
            return
        self.has_timed_out = True
        if self._client.is_paused or not (self._is_sent or self._gateway.is_paused):
            self._fail(Reason.SLOW, refusal.slow())
        else:
            self._fail(Reason.SILENT, refusal.silent())
