"""Pipeline: what a caller sends ahead of its answers is parsed a little at a time, and waits as it came till then.

Parsed, a request takes a hundred times more memory than bytes, and a caller may send ten thousand in one go.
"""

from typing import Any, Final

from httptools import HttpParserError, HttpParserUpgrade
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Bytes parsed before looking whether a request waits behind the one being answered.
SLICE: Final = 1024

#: Headers behind which a body comes.
_BODY: Final = frozenset({b"content-length", b"transfer-encoding"})


class PipelineProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which parses no further as long as a request waits, and goes on behind upgrades."""

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._deaf = False  # what follows means nothing
        self._held = b""  # sent behind a request that waits, and not parsed yet
        self._ended = False  # the caller has said that it will send no more

    def data_received(self, data: bytes) -> None:
        """Parse, or hold, what has come."""
        if self._held:
            self._hold(self._held + data)
        elif len(data) > SLICE or self.pipeline or self._deaf:
            self._feed(data)
        elif (parsed := self._parse(data)) < len(data):
            self._feed(data[parsed:])

    def on_response_complete(self) -> None:
        """Begin with the next request, and parse on when that was the last that waited.

        All as in uvicorn, but for the timer it sets here for every request; who is idle, `Sweep` finds.
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
        """Finish what was asked by a caller that says it will ask no more; return whether there is anything."""
        self._ended = True
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
        while rest and not self._deaf:
            if self.pipeline:
                self._hold(bytes(rest))
                return
            rest = rest[self._parse(rest[:SLICE]) :]
        self._held = b""
        if self._ended and not self.eof_received():
            self.transport.close()

    def _hold(self, data: bytes) -> None:
        """Read no more, and keep ``data`` for when nobody waits."""
        self._held = data
        self.flow.pause_reading()

    def _parse(self, data: bytes | memoryview) -> int:
        """Parse ``data``, or its beginning; return how many bytes of it."""
        parsed = len(data)
        try:
            self.parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            parsed = upgrade.args[0]
            self._pass_over_upgrade()
        except HttpParserError:
            self.send_400_response("")
        if not self._deaf:
            self._has_parsed(parsed)
        return parsed

    def _has_parsed(self, count: int) -> None:
        """Note that ``count`` more bytes have been parsed, and were in order so far."""

    def _pass_over_upgrade(self) -> None:
        """Take a request for an upgrade for one like any other, as we offer none.

        But the parser takes no body for part of it, nor do we know what its caller sends into a tunnel.
        """
        if self.parser.get_method() == b"CONNECT" or any(name in _BODY for name, _ in self.scope["headers"]):
            self.cycle.keep_alive = False
            self._deaf = True
