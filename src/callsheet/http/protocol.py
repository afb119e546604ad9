"""uvicorn's HTTP protocol with our manners: the error envelope for broken requests, and limits on size."""

from enum import Enum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from callsheet.domain.errors import APIError, InvalidRequestError, RequestTooLargeError
from callsheet.http.errors import refuse_outside

if TYPE_CHECKING:
    from callsheet.http.config import ServerConfig

_METHOD_AND_VERSION: Final = 64  # bytes of a request line that are not the URL


#: Headers that uvicorn or we must know of before the head is complete.
_FRAMING: Final = frozenset({b"host", b"expect", b"content-length"})


class Limits(NamedTuple):
    """The largest request taken, part by part, in bytes."""

    max_url_bytes: int
    max_header_bytes: int
    max_body_bytes: int


class Part(Enum):
    """Where in a message the parser stands."""

    BETWEEN = 0
    HEAD = 1
    BODY = 2


class EnvelopeProtocol(HttpToolsProtocol):
    """Answers what uvicorn would refuse in plain text, or swallow whole, as the contract says (section 5)."""

    def __init__(self, config: "ServerConfig", *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._limits = config.limits
        self._part = Part.BETWEEN
        self._begun = 0
        self._head_bytes = 0  # of an unfinished head, fed to the parser
        self._refusal: APIError | None = None
        self._deaf = False  # after a refusal, what follows means nothing

    def data_received(self, data: bytes) -> None:
        """Parse, but never hold more of an unfinished head than the limits allow."""
        if self._deaf:
            return
        self._begun = int(self._part is not Part.BETWEEN)  # messages that ``data`` holds some of
        super().data_received(data)
        if self._part is not Part.HEAD:
            self._head_bytes = 0
            return
        # Behind another message the head is but the end of ``data``, we do not know from where; the rest counts.
        self._head_bytes = 0 if self._begun > 1 else self._head_bytes + len(data)
        largest = self._limits.max_url_bytes + self._limits.max_header_bytes + _METHOD_AND_VERSION
        if self._head_bytes > largest and not self._deaf:
            self._refusal = self._too_large("headers", self._limits.max_header_bytes)
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._begun += 1
        self._part = Part.HEAD
        self._header_bytes = 0
        self._body_bytes = 0
        self._hosts = 0

    def on_url(self, url: bytes) -> None:
        """Refuse a URL that is too long."""
        super().on_url(url)
        if len(self.url) > self._limits.max_url_bytes:
            self._refuse(self._too_large("url", self._limits.max_url_bytes))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header as uvicorn does; refuse headers that are too large together."""
        name = name.lower()
        self.headers.append((name, value))
        self._header_bytes += len(name) + len(value) + 4  # ": " and the line's end
        if self._header_bytes > self._limits.max_header_bytes:
            self._refuse(self._too_large("headers", self._limits.max_header_bytes))
        if name in _FRAMING:
            self._note_framing(name, value)

    def _note_framing(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
        elif name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        elif int(value) > self._limits.max_body_bytes:
            self._refuse(self._too_large("body", self._limits.max_body_bytes))

    def on_headers_complete(self) -> None:
        """Refuse a request that names no host, or several; else begin to answer it."""
        if self._hosts > 1 or (not self._hosts and self.parser.get_http_version() == "1.1"):
            self._refuse(InvalidRequestError("Host: exactly one header is required"))
        super().on_headers_complete()
        self._part = Part.BODY

    def on_body(self, body: bytes) -> None:
        """Refuse a body that turns out to be too large."""
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.max_body_bytes:
            self._refuse(self._too_large("body", self._limits.max_body_bytes))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Await the next message."""
        super().on_message_complete()
        self._part = Part.BETWEEN

    def shutdown(self) -> None:
        """Finish what is being answered, but wait for no reader longer than the whole stop may take."""
        super().shutdown()
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
        if answering or self._part is not Part.BODY:  # else the request has been answered before its body was in
            error = self._refusal or InvalidRequestError("Invalid HTTP request")
            status, headers, body, *_ = refuse_outside(error)
            lines = [b"%b: %b\r\n" % line for line in (*self.server_state.default_headers, *headers)]
            self.transport.write(b"".join([STATUS_LINE[status], *lines, b"connection: close\r\n\r\n", body]))
        self.transport.close()

    def _abandon(self) -> bool:
        """Take back the one request being answered, if it is the refused one itself and nothing was sent."""
        if self._part is not Part.BODY or self.pipeline or self.cycle.response_started:
            return False
        self.cycle.disconnected = True
        return True

    def _refuse(self, error: APIError) -> None:
        """Stop the parser, which reports it as an error; `send_400_response` then knows which."""
        self._refusal = error
        raise error

    @staticmethod
    def _too_large(part: str, limit: int) -> RequestTooLargeError:
        name = {"url": "URL exceeds", "headers": "Headers exceed", "body": "Body exceeds"}[part]
        return RequestTooLargeError(f"{name} the limit of {limit} bytes", part)
