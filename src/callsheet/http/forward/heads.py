"""Heads as they go on: that of a request to the gateway, and that of its answer to the client."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from callsheet.api.request import Header
from callsheet.http.forward.fields import end_to_end
from callsheet.http.forward.origin import has_come_through, with_origin
from callsheet.http.forward.ours import leaves_base
from callsheet.http.forward.refusal import loop, unfit
from callsheet.http.wire_headers import write_lines
from callsheet.http1.answer_head import NO_BODY_STATUSES, AnswerHead
from callsheet.http1.fields import is_well_formed, tokens

_UNSUPPORTED_METHODS: Final = frozenset({"CONNECT", "TRACE"})
_CHUNKED: Final = (b"transfer-encoding", b"chunked")
_CLOSE: Final = (b"connection", b"close")


class RequestHead(NamedTuple):
    """The head of a request as the client sent it.

    Parameters
    ----------
    method
        In capitals.
    target
        As sent, without the prefix that requests arrive under.
    headers
        Names in small letters.
    version
        Of HTTP, such as ``1.1``.
    """

    method: str
    target: bytes
    headers: Sequence[Header]
    version: str

    @property
    def is_chunked(self) -> bool:
        """Whether its body comes in chunks."""
        return any(name == b"transfer-encoding" for name, _ in self.headers)

    @property
    def has_body(self) -> bool:
        """Whether a body is announced."""
        lengths = [value for name, value in self.headers if name == b"content-length"]
        return self.is_chunked or any(value.strip(b" \t0") for value in lengths)

    @property
    def awaits_continue(self) -> bool:
        """Whether the client may keep its body back until it is asked for it."""
        return self.version == "1.1" and b"100-continue" in tokens(self.headers, b"expect")

    @property
    def may_repeat(self) -> bool:
        """Whether sending it twice does no harm: it has no body, and a method that only reads."""
        return self.method in ("GET", "HEAD", "OPTIONS") and not self.has_body

    def check(self, base: bytes = b"") -> None:
        """Refuse what cannot be forwarded.

        Parameters
        ----------
        base
            The path of the gateway's URL, which the target is put behind.

        Raises
        ------
        RefusedRequestError
            It wants another protocol, leads out of ``base``, has a body that is framed in a way that servers may
            read differently, or has come through here before.
        """
        if self.method in _UNSUPPORTED_METHODS:
            raise unfit(f"{self.method} requests are not forwarded", 501)
        if self.version not in ("1.0", "1.1"):
            raise unfit("Requests of HTTP/1.0 and HTTP/1.1 are forwarded, and of no other version")
        if b"#" in self.target or not is_well_formed(self.headers):
            raise unfit("The request has characters that HTTP does not allow where they are")
        if base and leaves_base(self.target.partition(b"?")[0]):
            raise unfit("The path leads out of the gateway's URL; remove the dot segments")
        self._check_framing()
        self._check_upgrade()
        if has_come_through(self.headers):
            raise loop()

    def _check_framing(self) -> None:
        codings = tokens(self.headers, b"transfer-encoding")
        lengths = [value for name, value in self.headers if name == b"content-length"]
        if self.is_chunked and (codings != [b"chunked"] or lengths or self.version != "1.1"):
            raise unfit("transfer-encoding: only chunked is accepted, in HTTP/1.1, and without a content-length")
        if len(lengths) > 1 or not all(value.isdigit() for value in lengths):
            raise unfit("content-length: exactly one number is required")

    def _check_upgrade(self) -> None:
        if b"upgrade" not in tokens(self.headers, b"connection"):
            return
        if b"websocket" in tokens(self.headers, b"upgrade"):
            raise unfit("WebSocket connections are not forwarded; open them at the gateway itself")
        if self.has_body:  # anything else is an offer, which need not be taken
            raise unfit("upgrade: not with a body; set the client to HTTP/1.1 without an upgrade")

    def write(self, base: bytes, authority: bytes, peer: str, *, is_trusted: bool) -> bytes:
        """Return it as the gateway gets it.

        Parameters
        ----------
        base
            The path of the gateway's URL, which the target is put behind.
        authority
            Host and port of the gateway, for ``host``.
        peer, is_trusted
            As for `with_origin`.
        """
        host = b"".join(value for name, value in self.headers if name == b"host")
        kept = [header for header in end_to_end(self.headers) if header[0] not in (b"host", b"content-length")]
        framing = [header for header in self.headers if header[0] == b"content-length"]
        if self.is_chunked:
            framing.append(_CHUNKED)
        if b"trailers" in tokens(self.headers, b"te"):
            framing += [(b"te", b"trailers"), (b"connection", b"te")]
        lines = [(b"host", authority), *with_origin(kept, host, peer, is_trusted=is_trusted), *framing]
        line = b"%b %b%b HTTP/1.1\r\n" % (self.method.encode("ascii"), base, self.target)
        return b"%b%b\r\n" % (line, write_lines(lines))


def write_answer(head: AnswerHead, more: Sequence[Header], *, in_chunks: bool, closes: bool) -> bytes:
    """Return the head of an answer as the client gets it.

    Parameters
    ----------
    head
        As the gateway sent it.
    more
        Headers that every answer of this server has; those that the gateway sent count.
    in_chunks
        Whether the body follows in chunks.
    closes
        Whether the connection ends with it.
    """
    kept = end_to_end(head.headers)
    if head.status in NO_BODY_STATUSES and head.status != 304:
        kept = [header for header in kept if header[0].lower() != b"content-length"]
    names = {name.lower() for name, _ in kept}
    added = [header for header in more if header[0] not in names and header[0] != b"connection"]
    framing = [_CHUNKED] * in_chunks + [_CLOSE] * closes
    return b"%b%b\r\n" % (_status_line(head), write_lines([*kept, *added, *framing]))


def write_interim(head: AnswerHead) -> bytes:
    """Return an informational head (1xx) as the client gets it."""
    return b"%b%b\r\n" % (_status_line(head), write_lines(end_to_end(head.headers)))


def _status_line(head: AnswerHead) -> bytes:
    return b"HTTP/1.1 %d %b\r\n" % (head.status, head.reason)
