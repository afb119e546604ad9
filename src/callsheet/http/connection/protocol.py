"""uvicorn's HTTP protocol plus the error envelope and size limits; time-outs are in ``timeouts.py``."""

import sys
from asyncio import Transport
from typing import Any, Final

from httptools import parse_url
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from callsheet.api.answer import Response
from callsheet.api.percent import unquote
from callsheet.api.request import is_for_gateway
from callsheet.domain.errors import (
    APIError,
    InvalidRequestError,
    OverloadedError,
)
from callsheet.http.admin.errors import refuse_unread
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.handover import HandoverProtocol
from callsheet.http.connection.limits import MAX_REFUSED_CONNECTIONS, DropReason
from callsheet.http.connection.pipeline import PARSE_BATCH_SIZE
from callsheet.http.connection.sizes import HEADER_OVERHEAD_BYTES, Trailers, size_of, too_large
from callsheet.http.connection.timeouts import BODY, HEAD, IDLE
from callsheet.http.errors import refuse_outside
from callsheet.http.paths import ADMIN_PATH, CONSOLE, MAX_ADMIN_BODY_BYTES, MAX_FORM_BYTES, PEER
from callsheet.http.wire_headers import write_lines

_REQUEST_LINE_OVERHEAD_BYTES: Final = 64  # bytes of a request line that are not the URL
_MIN_CHUNK_BYTES: Final = 6  # bytes on the wire that carry one byte of a body
_MAX_MESSAGE_BYTES: Final = 32 * 2**20  # the largest that Anthropic's API accepts
_MAX_QUICK_ESCAPES: Final = 100  # in a URL; uvicorn takes a millisecond and more to undo so many

#: What the address of every form of the console has, behind whichever prefix.
_FORMS: Final = f"{CONSOLE}/".encode("ascii")

_CLOSE: Final = (b"connection", b"close")

#: Headers that are needed before the head is complete.
_FRAMING: Final = frozenset({b"host", b"expect", b"content-length", b"transfer-encoding"})


class EnvelopeProtocol(HandoverProtocol):
    """Answers in the envelope of the contract (section 5) what uvicorn would refuse in plain text, or accept."""

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        config.connections = self.connections  # of the whole server
        self._state_bytes = 0  # of an unfinished head or body, and at most PARSE_BATCH_SIZE before it
        self.url = b""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Accept the connection, unless there are too many."""
        super().connection_made(transport)
        excess = len(self.connections) - self._limits.max_connections
        if excess > 0:
            self._discarding_input = True
            self._sweep.dropped[DropReason.FULL] += 1
            if excess > MAX_REFUSED_CONNECTIONS:
                transport.abort()
            else:
                self._answer_last(OverloadedError("Overloaded"))

    def _count_parsed(self, count: int) -> None:
        """Refuse a head, or anything in or behind a body, that does not end; the parser would buffer it."""
        if self._parser_state is IDLE:
            return
        self._state_bytes += count
        _, headers, body, *_ = self._limits
        if (
            self._parser_state is HEAD
            and self._state_bytes > len(self.url) + headers + _REQUEST_LINE_OVERHEAD_BYTES + PARSE_BATCH_SIZE
        ):
            self._refusal = too_large("headers", headers)
            self.send_400_response("")
        elif self._parser_state is BODY and self._is_forwarding_body():
            if self._state_bytes > self._body_bytes * _MIN_CHUNK_BYTES + headers + PARSE_BATCH_SIZE:
                self._refusal = too_large("headers", headers)
                self.send_400_response("")
        elif (
            self._parser_state is BODY
            and self._state_bytes > body * _MIN_CHUNK_BYTES + headers + PARSE_BATCH_SIZE
            and self._state_bytes > self._body_limit() * _MIN_CHUNK_BYTES
        ):
            self._refusal = too_large("body", body)
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Reset what is counted for each request."""
        super().on_message_begin()
        self.scope[PEER] = self.client  # type: ignore[typeddict-unknown-key]  # one of our own
        self._state_bytes = 0
        self._parser_state = HEAD
        self._state_since = self.loop.time()
        self._body_bytes = 0
        self._is_chunked = False
        self._hosts = 0

    def on_url(self, url: bytes) -> None:
        """Refuse a URL that is too long."""
        self.url += url
        if len(self.url) > self._limits.max_url_bytes:
            self._refuse(too_large("url", self._limits.max_url_bytes))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header as uvicorn does."""
        name = name.lower()
        self.headers.append((name, value))
        if name in _FRAMING and self._parser_state is HEAD:
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
        """Refuse a request with headers too large, or without exactly one host; otherwise begin to answer it."""
        limit = self._limits.max_header_bytes
        overhead = PARSE_BATCH_SIZE + HEADER_OVERHEAD_BYTES * len(self.headers)  # this batch is not counted yet
        if self._state_bytes + overhead > limit and sum(map(size_of, self.headers)) > limit:
            self._refuse(too_large("headers", limit))
        if self._hosts > 1 or (not self._hosts and self.parser.get_http_version() == "1.1"):
            self._refuse(InvalidRequestError("Host: exactly one header is required"))
        arriving = self.prepare_handover()
        if self.url.count(b"%") > _MAX_QUICK_ESCAPES:
            self._begin_to_answer(self.url)
        else:
            super().on_headers_complete()
        if arriving is not None:
            arriving.cycle, self.arriving = self.cycle, arriving
        if self._is_chunked:
            self.headers = Trailers(limit, self._refuse, keep=arriving is not None)
        self._state_bytes = 0
        self._parser_state = BODY
        self._state_since = self.loop.time()

    def _begin_to_answer(self, url: bytes) -> None:
        """Do what uvicorn does, except for undoing the escapes, which takes it a millisecond and more."""
        target = parse_url(url)
        path = unquote(target.path.decode("ascii"))  # first: a URL without a path is not answered
        self.url = b"/"
        super().on_headers_complete()
        self.scope["path"] = self.root_path + path
        self.scope["raw_path"] = self.root_path.encode("ascii") + target.path
        self.scope["query_string"] = target.query or b""
        self.url = url

    def on_body(self, body: bytes) -> None:
        """Refuse a body when it becomes too large."""
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.max_body_bytes:
            self._check_body(self._body_bytes)
        super().on_body(body)

    def _check_body(self, length: int) -> None:
        """Refuse a body of ``length`` bytes that is not allowed one so large."""
        limit = self._body_limit()
        if length > limit:
            self._refuse(too_large("body", limit))

    def _is_forwarding_body(self) -> bool:
        """Return whether the body that arrives is passed on, so that it may have any size."""
        if self._parser_state is HEAD:
            return self.is_handed_over()
        return self.arriving is not None and not self.cycle.response_complete

    def _batch_size(self) -> int:
        """Return more for a body that is passed on and of known length: no request can begin within it."""
        if self.arriving is None or self._parser_state is not BODY:
            return PARSE_BATCH_SIZE
        return max(PARSE_BATCH_SIZE, self.arriving.length - self._body_bytes)

    def _body_limit(self) -> int:
        """Return the maximum for this body; messages sent here by mistake are read, so that their 404 arrives."""
        if self._is_forwarding_body():
            return sys.maxsize
        usual, path = self._limits.max_body_bytes, self.url.partition(b"?")[0]
        is_message = is_for_gateway(path[max(path.find(b"/v1/"), 0) :])  # behind whichever prefix
        if is_message:
            return max(usual, _MAX_MESSAGE_BYTES)
        if ADMIN_PATH.search(path):
            return max(usual, MAX_ADMIN_BODY_BYTES)
        return max(usual, MAX_FORM_BYTES) if _FORMS in path else usual

    def on_message_complete(self) -> None:
        """Await the next message."""
        super().on_message_complete()
        self._parser_state = IDLE

    def shutdown(self) -> None:
        """Finish what is being answered, but wait for a reader no longer than the whole stop may take."""
        super().shutdown()
        if not self._is_answering():
            self.transport.close()  # uvicorn waits for a refused request as if it were answering it
        if self.config.timeout_graceful_shutdown is not None:
            self.loop.call_later(self.config.timeout_graceful_shutdown, self.transport.abort)

    def send_400_response(self, _message: str) -> None:
        """Answer in the envelope and close, as it is unknown where the next request would begin.

        While earlier requests of the connection are still being answered, they are finished first and the
        broken one is not answered: its answer would be taken for one of theirs.
        """
        self._discarding_input = True
        if self._parser_state is BODY and self._is_forwarding_body() and not self._cut_forwarding():
            return
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and not self._abandon():
            self.cycle.keep_alive = False
            return
        if answering or self._parser_state is not BODY:  # else it was answered before its body arrived
            self._answer_last(self._refusal or InvalidRequestError("Invalid HTTP request"))
        else:
            self._close_gently()

    def _cut_forwarding(self) -> bool:
        """Stop forwarding a broken request; return whether it may still be answered, else end the connection."""
        if self.arriving is None or self.arriving.cut():
            return True
        self.transport.abort()
        return False

    def _answer_last(self, error: APIError) -> None:
        """Write the error for a request that ends the connection."""
        status, headers, body, *_ = self._refusal_of(error)
        usual = [line for line in self.server_state.default_headers if line != _CLOSE]  # it is there while draining
        lines = write_lines([*usual, *headers, _CLOSE])
        self.transport.write(b"".join([STATUS_LINE[status], lines, b"\r\n", body]))
        self._close_gently()

    def _refusal_of(self, error: APIError) -> Response:
        """Return a refusal in the form of the API whose path is asked for, as far as that has been read."""
        is_administration = ADMIN_PATH.search(self.url.partition(b"?")[0]) is not None
        return refuse_unread(error) if is_administration else refuse_outside(error)

    def _close_gently(self) -> None:
        """End the connection in such a way that what was written arrives.

        If a socket is closed while it holds unread input, the other side's system discards the answer. So input is
        read and discarded until the caller has closed as well, or a moment has passed.
        """
        self._answered_at = self.loop.time()
        self.flow.resume_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _abandon(self) -> bool:
        """Cancel the answer in progress if it is that of the refused request itself and nothing was sent of it."""
        if self._parser_state is not BODY or self.pipeline or self.cycle.response_started:
            return False
        self.cycle.disconnected = True
        return True

    def _refuse(self, error: APIError) -> None:
        """Stop the parser, which reports a syntax error; `send_400_response` then answers ``error`` instead."""
        self._refusal = error
        raise error
