"""AnswerReader: reads one answer as it arrives; touches no connection."""

from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from callsheet.http1.answer_head import AnswerHead
from callsheet.http1.fields import Field

#: Bytes of the head of an answer, and of what surrounds its chunks; more is an answer that cannot be used.
MAX_ANSWER_HEAD_BYTES: Final = 64 * 1024

_HEADER_OVERHEAD_BYTES: Final = len(": \r\n")
_FINAL: Final = 200  # and above: an answer that ends the exchange
_SWITCHING_PROTOCOLS: Final = 101
_MAX_CHUNK_OVERHEAD: Final = 6  # bytes on the wire for each of a body, in chunks of one byte


class AnswerFaultError(Exception):
    """What the server sends is not an answer of HTTP/1.1, or one that recipients may read differently."""


class AnswerReader:
    """Reads an answer: any informational heads, its head, its body, its trailers.

    A body of known length, and one that ends with the connection, is not parsed: it is passed on as it arrives.

    Parameters
    ----------
    method
        Of the request.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._parser: Any = HttpResponseParser(self)
        self._reason = b""
        self._headers: list[Field] = []
        self._pieces: list[bytes] = []
        self._left: int | None = None  # bytes of a body of known length that have not arrived
        self._is_chunked = False
        self._is_plain = False  # whether the body is passed on unparsed
        self._head_bytes = 0  # received before the head was complete
        self._overhead = MAX_ANSWER_HEAD_BYTES  # bytes around chunks that may still come
        self.interim: list[AnswerHead] = []
        """Informational heads (1xx) that have arrived; the caller removes those that it has passed on."""
        self.head: AnswerHead | None = None
        self.trailers: list[Field] = []
        self.is_complete = False
        self._is_last = False  # over this connection, as its head says
        self.has_excess = False
        """Whether something came behind the answer, so that the connection cannot be used again."""

    def feed(self, data: bytes) -> bytes:
        """Return what of the body is in ``data``, the next bytes from the server.

        Raises
        ------
        AnswerFaultError
            They are not those of a valid answer.
        """
        if self._is_plain:
            return self._take_plain(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.is_complete:
                raise AnswerFaultError from error
            self.has_excess = True
        pieces = self._pieces
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        if not self._is_chunked:
            self._check_head(len(data))
        elif not self.is_complete:
            self._check_overhead(len(data), len(body))
        return body

    def end(self) -> bool:
        """Return whether the answer is complete now that the server has closed the connection."""
        if self.head is not None and self._is_plain and self._left is None:
            self.is_complete = self.has_excess = True
        return self.is_complete

    @property
    def can_reuse(self) -> bool:
        """Whether the connection is fit for another request.

        Not after a head that announces a body which must not follow: some servers send it nevertheless, and what
        arrives of it later would be read as the next answer, which belongs to another request.
        """
        head = self.head
        return (
            self.is_complete
            and not self.has_excess
            and not self._is_last
            and head is not None
            and (head.has_body(self._method) or not head.announces_body)
        )

    def _take_plain(self, data: bytes) -> bytes:
        if self.is_complete:
            self.has_excess = True
            return b""
        if self._left is None:
            return data
        if len(data) > self._left:
            self.has_excess = True
            data = data[: self._left]
        self._left -= len(data)
        self.is_complete = not self._left
        return data

    def _check_head(self, received: int) -> None:
        """Refuse a head that does not end; the parser would keep it."""
        self._is_plain = self.head is not None and not self.is_complete
        self._head_bytes += received
        if self.head is None and self._head_bytes > MAX_ANSWER_HEAD_BYTES:
            raise AnswerFaultError

    def _check_overhead(self, received: int, body: int) -> None:
        """Refuse what surrounds chunks without end."""
        self._overhead += body * _MAX_CHUNK_OVERHEAD - received
        if self._overhead < 0:
            raise AnswerFaultError

    def on_message_begin(self) -> None:
        """Notice an answer behind the one that is read."""
        self.has_excess = self.has_excess or self.is_complete

    def on_status(self, reason: bytes) -> None:
        """Keep the words of the status."""
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, or a trailer."""
        if not self.is_complete:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin with the body; an informational head is followed by another one."""
        if self.is_complete:
            return
        status = self._parser.get_status_code()
        head = AnswerHead(status, self._reason, self._headers, self._parser.get_http_version())
        size = sum(len(name) + len(value) + _HEADER_OVERHEAD_BYTES for name, value in self._headers)
        if (
            size > MAX_ANSWER_HEAD_BYTES
            or status < 100
            or status == _SWITCHING_PROTOCOLS
            or not head.is_well_framed
        ):
            raise AnswerFaultError
        self._reason, self._headers = b"", []
        if status < _FINAL:
            self.interim.append(head)
            return
        self.head = head
        self._is_last = not head.keeps_connection
        if not head.has_body(self._method):
            self.is_complete = True
        elif head.is_chunked:
            self._is_chunked = True
        else:
            self._left = head.length
            self.is_complete = self._left == 0

    def on_body(self, body: bytes) -> None:
        """Keep part of the body until `feed` returns it."""
        if self.is_complete:
            self.has_excess = True
            return
        if self._left is not None:
            self._left -= len(body)
            self.is_complete = not self._left
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Note the end of an answer in chunks."""
        if self._is_chunked and not self.is_complete:
            self.trailers, self._headers = self._headers, []
            self.is_complete = True
