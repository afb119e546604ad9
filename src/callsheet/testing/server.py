"""The double on a socket, served by a thread.

It does not use the product's server, which needs a dozen packages at pinned versions; those could conflict with
the packages under test. This one needs h11 only, which httpx2 needs anyway. It is up as soon as it is made, and can
cut a connection when a test asks for that.
"""

import asyncio
import os
import re
import socket
import threading
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from time import monotonic
from typing import Final

import h11

from callsheet.api.answer import Response
from callsheet.domain.errors import APIError, InvalidRequestError, RequestTooLargeError, ServeError
from callsheet.testing.handler import Handler, Outcome

#: The default limits of the product; `answer` checks the one of the URL.
_MAX_HEADER_BYTES: Final = 32768
_MAX_BODY_BYTES: Final = 65536
_MAX_HEAD_BYTES: Final = 8192 + _MAX_HEADER_BYTES
_HEADER_LINE_OVERHEAD: Final = len(": \r\n")

#: The origin in a target, as clients send it to what they take for a proxy.
_ABSOLUTE: Final = re.compile(rb"^https?://[^/?]*", re.IGNORECASE)

_CONTINUE: Final = h11.InformationalResponse(status_code=100, headers=[])
_PHRASES: Final = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that ignores the policy of the tests, and whose time goes on while they freeze time."""

    _time = staticmethod(monotonic)  # tools that freeze time do not replace attributes of classes

    def time(self) -> float:
        return self._time()


class Server:
    """Answers on a socket from the moment it is made until it is stopped.

    Parameters
    ----------
    handler
        Answers the requests.
    host, port
        Where to listen; port 0 is a free one.

    Raises
    ------
    ServeError
        The address is in use or is not this machine's.
    """

    def __init__(self, handler: Handler, host: str, port: int) -> None:
        self._handler = handler
        self._listener = _listen(host, port)
        name, taken = self._listener.getsockname()[:2]
        self.url = f"http://[{name}]:{taken}" if ":" in name else f"http://{name}:{taken}"
        self._loop = _Loop()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="callsheet-double", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End every connection, and wait until that is done."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        connections: set[_Connection] = set()
        connect = partial(_Connection, self._handler, connections)
        server = await self._loop.create_server(connect, sock=self._listener)
        await self._stopped.wait()
        self._loop.remove_reader(self._listener)
        if being_accepted := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(being_accepted)  # or asyncio would leave their sockets open
        for connection in list(connections):
            connection.abort()
        await asyncio.sleep(0)  # the loop closes the sockets now
        server.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError, UnicodeError) as error:
        number = error.errno if isinstance(error, OSError) else None
        reason = os.strerror(number) if number is not None and number > 0 else "not a valid address"
        raise ServeError(f"Cannot listen on {host} port {port}: {reason}; choose another host or port.") from None


def _too_large(part: str) -> RequestTooLargeError:
    if part == "body":
        return RequestTooLargeError(f"Body exceeds the limit of {_MAX_BODY_BYTES} bytes", part)
    return RequestTooLargeError(f"Headers exceed the limit of {_MAX_HEADER_BYTES} bytes", part)


class _Connection(asyncio.Protocol):
    """One connection: h11 reads and writes, the double decides."""

    def __init__(self, handler: Handler, connections: "set[_Connection]") -> None:
        self._handler = handler
        self._connections = connections
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        self._request: h11.Request | None = None
        self._body = b""
        self._discards = False  # after a refusal: what follows has no meaning

    def abort(self) -> None:
        """End it at once."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # nothing else has streams
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, _error: Exception | None) -> None:
        """End."""
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        if not self._discards:
            self._http.receive_data(data)
            self._read()

    def eof_received(self) -> bool:
        """Read what is left; return whether a response is still to be sent."""
        self.data_received(b"")
        return self._http.our_state is h11.SEND_RESPONSE

    def _read(self) -> None:
        try:
            while not (self._discards or self._transport.is_closing()):
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                self._take(event)
        except h11.RemoteProtocolError as error:
            too_large = error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            self._refuse(_too_large("headers") if too_large else InvalidRequestError("Invalid HTTP request"))

    def _take(self, event: object) -> None:
        if isinstance(event, h11.Request):
            self._request, self._body = event, b""
            if (
                sum(len(name) + len(value) + _HEADER_LINE_OVERHEAD for name, value in event.headers)
                > _MAX_HEADER_BYTES
            ):
                self._refuse(_too_large("headers"))
            elif int(dict(event.headers).get(b"content-length", b"0")) > _MAX_BODY_BYTES:
                self._refuse(_too_large("body"))
            elif self._http.they_are_waiting_for_100_continue:
                self._transport.write(self._http.send(_CONTINUE) or b"")
        elif isinstance(event, h11.Data):
            self._body += event.data
            if len(self._body) > _MAX_BODY_BYTES:
                self._refuse(_too_large("body"))
        elif isinstance(event, h11.EndOfMessage):
            self._answer()
        else:
            self._transport.close()

    def _answer(self) -> None:
        assert self._request is not None  # noqa: S101  # its end has come
        path, _, query = _ABSOLUTE.sub(b"", self._request.target).partition(b"?")
        method = self._request.method.decode("ascii")
        outcome = self._handler.handle(method, path, query, list(self._request.headers), self._body)
        if outcome.delay:
            asyncio.get_running_loop().call_later(outcome.delay, self._give_late, outcome)
        else:
            self._give(outcome)

    def _give_late(self, outcome: Outcome) -> None:
        if not self._transport.is_closing():  # else the caller has gone
            self._give(outcome)
            self._read()

    def _give(self, outcome: Outcome) -> None:
        """Send the response; if it is to be cut, half of it, and end the connection."""
        response = outcome.response
        if outcome.cut:
            half = response.body[: len(response.body) // 2]
            self._transport.write(self._head(response) + half if half else b"")
            self._transport.abort()
            return
        self._send(response)
        if self._http.our_state is h11.MUST_CLOSE:
            self._transport.close()
        else:
            self._http.start_next_cycle()
            self._request = None

    def _refuse(self, error: APIError) -> None:
        """Answer an unreadable request with an error in the envelope of the contract, and end the connection.

        Further bytes are read and discarded until the caller closes: if a socket is closed with unread bytes, the
        caller's system may discard the response.
        """
        self._discards = True
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            response = self._handler.refuse(error)
            self._send(response._replace(headers=[*response.headers, (b"connection", b"close")]))
        self._transport.write_eof()

    def _send(self, response: Response) -> None:
        """Send the response in one write; each of several could wait for the caller to acknowledge the last one."""
        to_head = self._request is not None and self._request.method == b"HEAD"
        events = (h11.Data(data=b"" if to_head else response.body), h11.EndOfMessage())
        self._transport.write(self._head(response) + b"".join(self._http.send(event) or b"" for event in events))

    def _head(self, response: Response) -> bytes:
        date = format_datetime(self._handler.clock.now(), usegmt=True).encode("ascii")
        head = h11.Response(
            status_code=response.status,
            headers=[(b"date", date), *response.headers],
            reason=_PHRASES.get(response.status, b""),
        )
        return self._http.send(head) or b""
