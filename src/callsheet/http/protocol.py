"""uvicorn's HTTP protocol with our manners: the error envelope for broken requests, and limits on size."""

from typing import Any, Final, NamedTuple

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from callsheet.domain.errors import APIError, InvalidRequestError, RequestTooLargeError
from callsheet.http.errors import refuse_outside

_METHOD_AND_VERSION: Final = 64  # bytes of a request line that are not the URL


class Limits(NamedTuple):
    """The largest request taken, part by part, in bytes."""

    max_url_bytes: int
    max_header_bytes: int
    max_body_bytes: int


class ServerConfig(Config):
    """uvicorn's configuration with ours beside it; it travels to worker processes whole."""

    def __init__(self, app: Any, *, limits: Limits, **kwargs: Any) -> None:
        super().__init__(app, http=EnvelopeProtocol, **kwargs)
        self.limits = limits


class EnvelopeProtocol(HttpToolsProtocol):
    """Answers what uvicorn would refuse in plain text, or swallow whole, as the contract says (section 5)."""

    def __init__(self, config: "ServerConfig", *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._limits = config.limits
        self._refusal: APIError | None = None
        self._in_head = True
        self._head_bytes = 0
        self._body_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse, but never hold more of an unfinished head than the limits allow."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if not self._in_head:
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        largest = self._limits.max_url_bytes + self._limits.max_header_bytes + _METHOD_AND_VERSION
        if self._head_bytes > largest and not self.transport.is_closing():
            self._refusal = self._too_large("headers", self._limits.max_header_bytes)
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._in_head = True
        self._header_bytes = 0
        self._body_bytes = 0
        self._hosts = 0

    def on_url(self, url: bytes) -> None:
        """Refuse a URL that is too long."""
        super().on_url(url)
        if len(self.url) > self._limits.max_url_bytes:
            self._refuse(self._too_large("url", self._limits.max_url_bytes))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Refuse headers that are too large together."""
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value) + 4  # ": " and the line's end
        if self._header_bytes > self._limits.max_header_bytes:
            self._refuse(self._too_large("headers", self._limits.max_header_bytes))
        if len(name) == 4 and name.lower() == b"host":
            self._hosts += 1

    def on_headers_complete(self) -> None:
        """Refuse a request that names no host, or several, and a body that says it is too large."""
        self._in_head = False
        if self._hosts > 1 or (not self._hosts and self.parser.get_http_version() == "1.1"):
            self._refuse(InvalidRequestError("Host: exactly one header is required"))
        for name, value in self.headers:
            if name == b"content-length" and int(value) > self._limits.max_body_bytes:
                self._refuse(self._too_large("body", self._limits.max_body_bytes))
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Refuse a body that turns out to be too large."""
        self._body_bytes += len(body)
        if self._body_bytes > self._limits.max_body_bytes:
            self._refuse(self._too_large("body", self._limits.max_body_bytes))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Await the next head."""
        super().on_message_complete()
        self._in_head = True

    def send_400_response(self, _message: str) -> None:
        """Answer in the envelope, and close: where the next request begins is not known."""
        error = self._refusal or InvalidRequestError("Invalid HTTP request")
        if self.cycle is None or self.cycle.response_complete:  # else it would be taken for an earlier answer
            status, headers, body = refuse_outside(error)
            lines = [b"%b: %b\r\n" % line for line in (*self.server_state.default_headers, *headers)]
            head = [STATUS_LINE[status], *lines, b"connection: close\r\n\r\n"]
            self.transport.write(b"".join([*head, body]))
        self.transport.close()

    def _refuse(self, error: APIError) -> None:
        """Stop the parser, which reports it as an error; `send_400_response` then knows which."""
        self._refusal = error
        raise error

    @staticmethod
    def _too_large(part: str, limit: int) -> RequestTooLargeError:
        name = {"url": "URL exceeds", "headers": "Headers exceed", "body": "Body exceeds"}[part]
        return RequestTooLargeError(f"{name} the limit of {limit} bytes", part)
