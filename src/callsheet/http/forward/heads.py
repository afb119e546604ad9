"""Heads as they go on: that of a request to the gateway, and that of its answer to the client."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from callsheet.api.request import Header
from callsheet.http.forward.fields import end_to_end, is_well_formed, tokens
from callsheet.http.forward.origin import has_come_through, with_origin
from callsheet.http.forward.ours import leaves_base
from callsheet.http.forward.refusal import loop, unfit
from callsheet.http.wire_headers import write_lines

_NO_BODY_STATUSES: Final = frozenset({204, 304})
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


class AnswerHead(NamedTuple):
    """The head of an answer as the gateway sent it.

    Parameters
    ----------
    status, reason
        The words of the reason may be empty.
    headers
        As sent.
    version
        Of HTTP, such as ``1.1``.
    """

    status: int
    reason: bytes
    headers: Sequence[Header]
    version: str

    def has_body(self, method: str) -> bool:
        """Return whether a body follows, if it answers ``method``."""
        return method != "HEAD" and self.status not in _NO_BODY_STATUSES

    @property
    def announces_body(self) -> bool:
        """Whether its headers promise a body, also where the method or the status rules one out."""
        if self.length is None:
            return self.is_chunked or self.status not in _NO_BODY_STATUSES
        return self.length > 0

    @property
    def is_chunked(self) -> bool:
        """Whether its body comes in chunks."""
        return bool(tokens(self.headers, b"transfer-encoding"))

    @property
    def length(self) -> int | None:
        """Of the body, as the answer says; None if it does not."""
        lengths = [value for name, value in self.headers if name.lower() == b"content-length"]
        return int(lengths[0]) if lengths else None

    @property
    def is_well_framed(self) -> bool:
        """Whether every recipient reads the same body in it."""
        codings = tokens(self.headers, b"transfer-encoding")
        lengths = [value.strip() for name, value in self.headers if name.lower() == b"content-length"]
        return (
            is_well_formed([*self.headers, (b"reason", self.reason)])
            and len(lengths) <= 1
            and all(value.isdigit() for value in lengths)
            and (not codings or (codings == [b"chunked"] and not lengths and self.version == "1.1"))
        )

    @property
    def keeps_connection(self) -> bool:
        """Whether the gateway takes another request over the same connection."""
        return self.version == "1.1" and b"close" not in tokens(self.headers, b"connection")

    def write(self, more: Sequence[Header], *, in_chunks: bool, closes: bool) -> bytes:
        """Return it as the client gets it.

        Parameters
        ----------
        more
            Headers that every answer of this server has; those that the gateway sent count.
        in_chunks
            Whether the body follows in chunks.
        closes
            Whether the connection ends with it.
        """
        kept = end_to_end(self.headers)
        if self.status in _NO_BODY_STATUSES and self.status != 304:
            kept = [header for header in kept if header[0].lower() != b"content-length"]
        names = {name.lower() for name, _ in kept}
        added = [header for header in more if header[0] not in names and header[0] != b"connection"]
        framing = [_CHUNKED] * in_chunks + [_CLOSE] * closes
        line = b"HTTP/1.1 %d %b\r\n" % (self.status, self.reason)
        return b"%b%b\r\n" % (line, write_lines([*kept, *added, *framing]))

    def write_interim(self) -> bytes:
        """Return it as the client gets it, if it is informational (1xx)."""
        return b"HTTP/1.1 %d %b\r\n%b\r\n" % (self.status, self.reason, write_lines(end_to_end(self.headers)))
