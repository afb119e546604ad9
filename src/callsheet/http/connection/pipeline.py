"""Pipelining: of requests sent ahead of their answers, one at a time is parsed, while the rest waits as bytes.

A parsed request takes a hundred times more memory than its bytes, and a caller may send ten thousand in one go.
"""

from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Bytes parsed at a time, before looking whether a request waits behind the one being answered.
PARSE_BATCH_SIZE: Final = 1024

#: Headers that announce a body.
_BODY_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding"})


class PipelineProtocol(HttpToolsProtocol):
    """uvicorn's protocol, except that it stops parsing while a request waits, and goes on after an upgrade."""

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._discarding_input = False
        self._held = b""  # received behind a request that waits, and not parsed yet
        self._received_eof = False

    def data_received(self, data: bytes) -> None:
        """Parse or hold what has arrived."""
        if self._held:
            self._hold(self._held + data)
        elif len(data) > PARSE_BATCH_SIZE or self.pipeline or self._discarding_input:
            self._feed(data)
        elif (parsed := self._parse(data)) < len(data):
            self._feed(data[parsed:])

    def on_response_complete(self) -> None:
        """Begin with the next request, and continue parsing if no other one waits.

        As in uvicorn, except for the timer that it sets here for every request: `Sweep` finds idle connections.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._held:
            if self.pipeline:
                self.flow.pause_reading()
            else:
                self._feed(self._held)

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """Return whether the connection must stay open, because something the caller asked is not answered yet."""
        self._received_eof = True
        if self._held:
            return True
        if not self._is_answering():
            return False
        last = self.pipeline[0][0] if self.pipeline else self.cycle
        last.keep_alive = False
        return True

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.disconnected

    def _feed(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest and not self._discarding_input:
            if self.pipeline:
                self._hold(bytes(rest))
                return
            rest = rest[self._parse(rest[: self._batch_size()]) :]
        self._held = b""
        if self._received_eof and not self.eof_received():
            self.transport.close()

    def _batch_size(self) -> int:
        """Return how many bytes may be parsed before looking whether a request waits."""
        return PARSE_BATCH_SIZE

    def _hold(self, data: bytes) -> None:
        """Stop reading, and keep ``data`` until no request waits."""
        self._held = data
        self.flow.pause_reading()

    def _parse(self, data: bytes | memoryview) -> int:
        """Parse ``data``, or the beginning of it; return how many bytes were parsed."""
        parsed = len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            parsed = upgrade.args[0]
            self._ignore_upgrade()
        except HttpParserError:
            self.send_400_response("")
        if not self._discarding_input:
            self._count_parsed(parsed)
        return parsed

    def _count_parsed(self, count: int) -> None:
        """Called when ``count`` more bytes have been parsed without an error."""

    def _ignore_upgrade(self) -> None:
        """Treat a request for an upgrade like any other, as no upgrade is offered.

        If it announces a body, or is a CONNECT, the parser cannot tell what follows it: that is discarded.
        """
        has_body = any(name in _BODY_HEADERS for name, _ in self.scope["headers"])
        if has_body or self.parser.get_method() == b"CONNECT":
            self.cycle.keep_alive = False
            self._discarding_input = True
