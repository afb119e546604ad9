"""Handover: a connection whose request is answered by writing to it directly, as forwarding does.

Through uvicorn's ASGI, trailers and informational heads cannot be sent, a client that has gone is noticed late, and
every chunk costs a task's turn.
"""

import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any, Final

from callsheet.api.request import Header
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.sizes import Trailers
from callsheet.http.connection.timeouts import TimedProtocol
from callsheet.http.connection.unread import has_hung_up
from callsheet.http.handed_over import HANDED_OVER, RequestReceiver

_CLOSE: Final = (b"connection", b"close")
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # of the option SO_LINGER


class Handover:
    """One request, and the connection to answer it on.

    Parameters
    ----------
    protocol
        Of the connection.
    target
        Path and query, byte for byte as sent.
    length
        Of the body, as announced; 0 if it comes in chunks.
    """

    def __init__(self, protocol: "HandoverProtocol", target: bytes, length: int) -> None:
        self.target = target
        self.length = length
        self.trailers: Sequence[Header] = ()
        self.cycle: Any = None
        """uvicorn's own account of the request; set as soon as there is one."""
        self._protocol = protocol
        self._receiver: RequestReceiver | None = None
        self._pieces: list[bytes] = []
        self._is_cut = False

    @property
    def address(self) -> str:
        """What the connection comes from; empty if that is unknown."""
        return self._protocol.client[0] if self._protocol.client else ""

    @property
    def keeps_connection(self) -> bool:
        """Whether another request may follow."""
        return self.cycle.keep_alive and _CLOSE not in self.default_headers

    @property
    def default_headers(self) -> Sequence[Header]:
        """Those that every answer of this server has."""
        return self._protocol.server_state.default_headers

    @property
    def is_paused(self) -> bool:
        """Whether the client must read before more is written."""
        return self._protocol.flow.write_paused

    @property
    def has_left(self) -> bool:
        """Whether the client has gone, as far as that has been noticed."""
        return self.cycle.disconnected or self._protocol.has_hung_up

    def take(self, receiver: RequestReceiver) -> None:
        """Pass on what arrives from now on, and what has arrived already."""
        cycle, protocol = self.cycle, self._protocol
        self._receiver = protocol.forwarding = receiver
        body, cycle.body = bytes(cycle.body), bytearray()
        if cycle.more_body:
            self.resume_reading()
        if body:
            receiver.body_received(body)
        if not cycle.more_body:
            receiver.request_ended(self.trailers)

    def add(self, body: bytes) -> bool:
        """Keep part of the body until `flush` passes it on; return whether anybody takes it."""
        if self._receiver is None:
            return False
        self._pieces.append(body)
        return True

    def flush(self) -> None:
        """Pass on, in one piece, what the connection has just received."""
        if self._pieces:
            body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            self._pieces.clear()
            if self._receiver is not None:
                self._receiver.body_received(body)

    def end(self, trailers: Sequence[Header]) -> None:
        """Pass on that the request is complete."""
        self.trailers = trailers
        self.flush()
        if self._receiver is not None:
            self._receiver.request_ended(trailers)

    def give_back(self) -> None:
        """Let the request be answered through ASGI after all; nothing final has been written."""
        self._leave()
        self.cycle.response_started = False

    def cut(self) -> bool:
        """End the exchange, as the request is broken; return whether the connection may be written to."""
        receiver, self._is_cut = self._receiver, True
        if receiver is not None:
            receiver.client_lost()
        return not self.cycle.response_started

    def write(self, *parts: bytes) -> None:
        """Send part of the answer."""
        self.cycle.response_started = True
        if len(parts) == 1:
            self._protocol.transport.write(parts[0])
        else:
            self._protocol.transport.writelines(parts)

    def pause_reading(self) -> None:
        """Hold the body back."""
        self._protocol.flow.pause_reading()

    def resume_reading(self) -> None:
        """Take more of it, unless the connection waits with the requests behind it."""
        if not self._protocol.holds_back:
            self._protocol.flow.resume_reading()

    def finish(self, *, closes: bool) -> None:
        """End the answer, and the connection with it if it ``closes``."""
        self._leave()
        cycle = self.cycle
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if closes or not cycle.keep_alive:  # the server may have begun to stop since the head was written
            self._protocol.transport.close()
        cycle.on_response()

    def break_off(self, *, by_reset: bool, waits: bool) -> None:
        """End the connection without ending the answer.

        Parameters
        ----------
        by_reset
            Whether the end of the connection would otherwise be that of the answer.
        waits
            Whether the client gets what has been written already.
        """
        self._leave()
        if self._is_cut:
            return
        self.cycle.disconnected = True
        transport = self._protocol.transport
        if by_reset and not transport.is_closing():
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
        elif waits:
            transport.close()
        else:
            transport.abort()

    def _leave(self) -> None:
        self._receiver = self._protocol.forwarding = None
        self._pieces.clear()


class HandoverProtocol(TimedProtocol):
    """Hands requests over that ``is_forwarded`` of the configuration says yes to; all others are answered by ASGI.

    While a request is handed over, the receiver limits the time that it takes, and not this class.
    """

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._is_forwarded: Callable[[str, bytes], bool] | None = config.is_forwarded
        self.arriving: Handover | None = None  # the request that is being parsed
        self.forwarding: RequestReceiver | None = None  # of the request that is being answered

    @property
    def has_hung_up(self) -> bool:
        """Whether the client has ended its side of the connection."""
        return self._received_eof or self.transport.is_closing()

    @property
    def holds_back(self) -> bool:
        """Whether requests wait behind the one that is being answered, so that no more is read."""
        return bool(self._held or self.pipeline)

    def is_handed_over(self) -> bool:
        """Return whether the request that arrives is to be forwarded; its method and URL are known."""
        forwards = self._is_forwarded
        return forwards is not None and forwards(self.parser.get_method().decode("ascii"), self.url)

    def prepare_handover(self) -> Handover | None:
        """Put the connection into the scope of the request that arrives, if it is to be forwarded."""
        if self._is_forwarded is None or not self.is_handed_over():
            return None
        length = next((int(value) for name, value in self.headers if name == b"content-length"), 0)
        handover = Handover(self, self.url, length)
        self.scope["extensions"] = {HANDED_OVER: handover}  # type: ignore[dict-item]  # one of our own
        return handover

    def on_message_begin(self) -> None:
        """Forget the request before."""
        super().on_message_begin()
        self.arriving = None

    def on_body(self, body: bytes) -> None:
        """Pass part of a body on."""
        if self.arriving is None or not self.arriving.add(body):
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Pass the end of a request on."""
        super().on_message_complete()
        if self.arriving is not None:
            self.arriving.end(self.headers if isinstance(self.headers, Trailers) else ())

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, and pass it on."""
        super().data_received(data)
        if self.arriving is not None:
            self.arriving.flush()

    def eof_received(self) -> bool:  # type: ignore[override]  # as asyncio has it
        """Take the end of what a client sends for that of its interest, as other proxies do."""
        if self.forwarding is None:
            return super().eof_received()
        self._received_eof = True
        self.forwarding.client_lost()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the client has gone."""
        super().connection_lost(exc)
        if self.forwarding is not None:
            self.forwarding.client_lost()

    def pause_writing(self) -> None:
        """Hold the gateway back; what waits is bounded by that, and is not counted as left unread."""
        if self.forwarding is None:
            super().pause_writing()
        else:
            self.flow.pause_writing()
            self.forwarding.pause_answer()

    def resume_writing(self) -> None:
        """Let the gateway go on."""
        super().resume_writing()
        if self.forwarding is not None:
            self.forwarding.resume_answer()

    def check_time(self, now: float, share: float) -> None:
        """Do not limit the time that a forwarded request takes: the receiver does."""
        if self.forwarding is None:
            super().check_time(now, share)
        elif self.flow.read_paused and has_hung_up(self.transport):  # which cannot be noticed by reading
            self.forwarding.client_lost()
