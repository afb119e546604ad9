"""uvicorn's HTTP protocol with our manners: the error envelope for broken requests, limits on size and time."""

from asyncio import Transport
from enum import Enum
from typing import Any, Final

from httptools import parse_url
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from callsheet.api.percent import unquote
from callsheet.api.request import is_for_gateway
from callsheet.domain.errors import (
    APIError,
    InvalidRequestError,
    OverloadedError,
    RequestTimeoutError,
)
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.limits import MAX_REFUSED_CONNECTIONS, DropReason
from callsheet.http.connection.pipeline import SLICE, PipelineProtocol
from callsheet.http.connection.sizes import LINE, Trailers, size_of, too_large
from callsheet.http.connection.unread import Reading, held_by_system
from callsheet.http.errors import refuse_outside
from callsheet.http.wire_headers import write_lines

_METHOD_AND_VERSION: Final = 64  # bytes of a request line that are not the URL
_SMALLEST_CHUNK: Final = 6  # bytes that carry one of a body
_LONGEST_MESSAGE: Final = 32 * 2**20  # bytes that Anthropic's API takes
_MANY_ESCAPES: Final = 100  # in a URL
_LINGER: Final = 2.0  # seconds between a last answer and the close, in which what still arrives is thrown away

_CLOSE: Final = (b"connection", b"close")

#: Headers that uvicorn or we must know of before the head is complete.
_FRAMING: Final = frozenset({b"host", b"expect", b"content-length", b"transfer-encoding"})


class Part(Enum):
    """Where in a message the parser stands."""

    BETWEEN = 0
    HEAD = 1
    BODY = 2


# Looking up a member of an enumeration costs ten times more than a name, and is done for every header line.
BETWEEN: Final = Part.BETWEEN
_HEAD: Final = Part.HEAD
_BODY: Final = Part.BODY


class EnvelopeProtocol(PipelineProtocol):
    """Answers what uvicorn would refuse in plain text, or swallow whole, as the contract says (section 5)."""

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        config.connections = self.connections  # all of the server
        self._limits = config.limits
        self._part = BETWEEN
        self._part_bytes = 0  # of an unfinished head or body, and at most `SLICE` of what is before it
        self._refusal: APIError | None = None
        self._sweep = config.sweep
        self._made = 0.0  # the connection; this and the times below are by the loop's clock
        self._used = 0.0  # last, when an answer was complete; 0 as long as there was none
        self._part_begun = 0.0  # the head that is arriving, or its body
        self._reading: Reading | None = None  # of an answer that has not left whole
        self._unread = config.unread
        self._unread_here = 0  # bytes of `_unread`

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Take the connection, unless there are too many."""
        super().connection_made(transport)
        self._made = self.loop.time()
        excess = len(self.connections) - self._limits.max_connections
        if excess > 0:
            self._deaf = True
            self._sweep.dropped[DropReason.FULL] += 1
            if excess > MAX_REFUSED_CONNECTIONS:
                transport.abort()
            else:
                self._answer_last(OverloadedError("Overloaded"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Count no more what will not be read."""
        self._count_unread(0)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Note that an answer does not leave at once."""
        super().pause_writing()
        self._count_unread(self.transport.get_write_buffer_size())
        if self._reading is None:
            self._begin_reading(self.loop.time())

    def resume_writing(self) -> None:
        """Note that next to all of an answer has left."""
        super().resume_writing()
        self._count_unread(0)

    def _count_unread(self, count: int) -> None:
        self._unread.change(count - self._unread_here)
        self._unread_here = count

    def _begin_reading(self, now: float) -> None:
        self._reading = Reading(self.transport, now, self._limits.answer_seconds)

    def _has_parsed(self, count: int) -> None:
        """Refuse a head, or what comes with a body, that does not end: the parser gathers a line until it does."""
        if self._part is BETWEEN:
            return
        self._part_bytes += count
        _, headers, body, *_ = self._limits
        if self._part is _HEAD and self._part_bytes > len(self.url) + headers + _METHOD_AND_VERSION + SLICE:
            self._refusal = too_large("headers", headers)
            self.send_400_response("")
        elif (
            self._part is _BODY
            and self._part_bytes > body * _SMALLEST_CHUNK + headers + SLICE
            and self._part_bytes > self._body_limit() * _SMALLEST_CHUNK
        ):
            self._refusal = too_large("body", body)
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._part_bytes = 0
        self._part = _HEAD
        self._part_begun = self.loop.time()
        self._body_bytes = 0
        self._is_chunked = False
        self._hosts = 0

    def on_url(self, url: bytes) -> None:
        """Refuse a URL that is too long."""
        self.url += url
        if len(self.url) > self._limits.max_url_bytes:
            self._refuse(too_large("url", self._limits.max_url_bytes))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header as uvicorn does."""
        name = name.lower()
        self.headers.append((name, value))
        if name in _FRAMING and self._part is _HEAD:
            self._note_framing(name, value)

    def _note_framing(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
        elif name == b"transfer-encoding":
            self._is_chunked = True
        elif name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        elif int(value) > self._limits.max_body_bytes:
            self._check_body(int(value))

    def on_headers_complete(self) -> None:
        """Refuse a request with headers too large, or that names no host, or several; else begin to answer it."""
        limit = self._limits.max_header_bytes
        most = self._part_bytes + SLICE + LINE * len(self.headers)  # what is being parsed has not been counted
        if most > limit and sum(map(size_of, self.headers)) > limit:
            self._refuse(too_large("headers", limit))
        if self._hosts > 1 or (not self._hosts and self.parser.get_http_version() == "1.1"):
            self._refuse(InvalidRequestError("Host: exactly one header is required"))
        if self.url.count(b"%") > _MANY_ESCAPES:
            self._begin_to_answer(self.url)
        else:
            super().on_headers_complete()
        if self._is_chunked:
            self.headers = Trailers(limit, self._refuse)
        self._part_bytes = 0
        self._part = _BODY
        self._part_begun = self.loop.time()

    def _begin_to_answer(self, url: bytes) -> None:
        """Do what uvicorn does, but for undoing the escapes, which takes it a millisecond and more."""
        target = parse_url(url)
        path = unquote(target.path.decode("ascii"))  # first: a URL without a path is not answered
        self.url = b"/"
        super().on_headers_complete()
        self.scope["path"] = self.root_path + path
        self.scope["raw_path"] = self.root_path.encode("ascii") + target.path
        self.scope["query_string"] = target.query or b""
        self.url = url

    def on_body(self, body: bytes) -> None:
        """Refuse a body that turns out to be too large."""
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.max_body_bytes:
            self._check_body(self._body_bytes)
        super().on_body(body)

    def _check_body(self, length: int) -> None:
        """Refuse a body of so many bytes, unless it belongs to a message."""
        limit = self._body_limit()
        if length > limit:
            self._refuse(too_large("body", limit))

    def _body_limit(self) -> int:
        """How long a body may be: a message that was sent to us by mistake is dropped, so that its 404 arrives."""
        usual, path = self._limits.max_body_bytes, self.url.partition(b"?")[0]
        is_message = is_for_gateway(path[max(path.find(b"/v1/"), 0) :])  # behind whichever prefix
        return max(usual, _LONGEST_MESSAGE) if is_message else usual

    def on_message_complete(self) -> None:
        """Await the next message."""
        super().on_message_complete()
        self._part = BETWEEN

    def on_response_complete(self) -> None:
        """Await the next request."""
        self._used = self.loop.time()
        super().on_response_complete()

    def check_time(self, now: float, share: float) -> None:
        """End the connection if its caller lets us wait too long: for a request, or to read the answer.

        Parameters
        ----------
        now
            By the loop's clock.
        share
            Of the time allowed for requests; less than 1 when connections run short.
        """
        if self._is_being_read(now) or self._is_answering() or self.transport.is_closing():
            return
        if self._deaf:
            if now - self._used > _LINGER * share:
                self.transport.close()
        elif self._part is BETWEEN:
            since, allowed = (
                (self._used, self.timeout_keep_alive) if self._used else (self._made, self._limits.head_seconds)
            )
            if now - since > allowed * share:
                if self._used and held_by_system(self.transport):
                    self._check_reading(now)
                    return
                if not self._used:  # to be idle between requests is no fault
                    self._sweep.dropped[DropReason.SLOW] += 1
                self.transport.close()  # nothing was asked, so there is nothing to answer
        elif now - self._part_begun > self._limits.head_seconds * share:
            self._sweep.dropped[DropReason.SLOW] += 1
            self._refusal = RequestTimeoutError("The request took too long to arrive")
            self.send_400_response("")

    def _is_being_read(self, now: float) -> bool:
        """Return whether an answer has not left whole; end the connection if that takes too long."""
        unsent = self.transport.get_write_buffer_size()
        if self._unread_here:
            self._count_unread(unsent)
        if unsent or (self._reading is not None and held_by_system(self.transport)):
            self._check_reading(now)
            return True
        if self._reading is not None:
            self._reading = None
            self._used = now
        return False

    def _check_reading(self, now: float) -> None:
        """Cut off who reads nothing, or next to nothing; an answer that will not leave cannot be closed behind."""
        if self._reading is None:
            self._begin_reading(now)
        elif self._reading.is_too_slow(now):
            self._sweep.dropped[DropReason.UNREAD] += 1
            self.transport.abort()

    def shutdown(self) -> None:
        """Finish what is being answered, but wait for no reader longer than the whole stop may take."""
        super().shutdown()
        if not self._is_answering():
            self.transport.close()  # uvicorn takes a request that we have refused for one it still answers
        if self.config.timeout_graceful_shutdown is not None:
            self.loop.call_later(self.config.timeout_graceful_shutdown, self.transport.abort)

    def send_400_response(self, _message: str) -> None:
        """Answer in the envelope and close, as nobody knows where the next request would begin.

        While earlier requests of the connection are still being answered, they are finished first and the
        broken one goes without: its answer would be taken for one of theirs.
        """
        self._deaf = True
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and not self._abandon():
            self.cycle.keep_alive = False
            return
        if answering or self._part is not _BODY:  # else the request has been answered before its body was in
            self._answer_last(self._refusal or InvalidRequestError("Invalid HTTP request"))
        else:
            self._close_gently()

    def _answer_last(self, error: APIError) -> None:
        """Write the envelope, and end the connection."""
        status, headers, body, *_ = refuse_outside(error)
        usual = [line for line in self.server_state.default_headers if line != _CLOSE]  # there while we drain
        lines = write_lines([*usual, *headers, _CLOSE])
        self.transport.write(b"".join([STATUS_LINE[status], lines, b"\r\n", body]))
        self._close_gently()

    def _close_gently(self) -> None:
        """End the connection so that what was written arrives.

        A socket that is closed while something unread lies in it makes the other side's system throw away the
        answer. So what still comes is read, until the caller has closed, too, or a moment has passed.
        """
        self._used = self.loop.time()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _abandon(self) -> bool:
        """Take back the one request being answered, if it is the refused one itself and nothing was sent."""
        if self._part is not _BODY or self.pipeline or self.cycle.response_started:
            return False
        self.cycle.disconnected = True
        return True

    def _refuse(self, error: APIError) -> None:
        """Stop the parser, which reports it as an error; `send_400_response` then knows which."""
        self._refusal = error
        raise error
