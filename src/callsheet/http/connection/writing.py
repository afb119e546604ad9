"""Writing: an answer in one write, without a task, scope or ASGI cycle."""

from typing import Any, Final

from callsheet.api.answer import Response
from callsheet.api.dialect import OPENAI
from callsheet.api.headers import request_id_headers
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.protocol import EnvelopeProtocol
from callsheet.http.observer import Client, ResponseLabel
from callsheet.http.wire_headers import write_lines

_BLANK_LINE: Final = b"\r\n\r\n"
_CLOSE: Final = b"\r\nconnection: close\r\n\r\n"


class WritingProtocol(EnvelopeProtocol):
    """Has what is needed to read heads, and writes answers."""

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self.fast_path = config.fast_path
        self.time, _, self.perf_counter = self.fast_path.clock
        self.reader = self.fast_path.reader()

    def write_answer(
        self, label: ResponseLabel, request_id: bytes, rest: bytes, body: bytes, begun: float, client: Client
    ) -> None:
        """Write an answer, record it, and wait for the next request.

        Parameters
        ----------
        label
            What is recorded of the answer; its status is one of those that `FastPath.openings` has.
        request_id
            Of a request that no other answer has carried.
        rest
            The head from the end of the request ids on, or all of the answer from there.
        body
            What follows ``rest``.
        begun
            When the request arrived, by the clock's ``perf_counter``.
        client
            Who gets it.
        """
        fast_path, state = self.fast_path, self.server_state
        if state.default_headers is not fast_path.default_headers:
            fast_path.renew_openings(state.default_headers)
        if label.dialect is OPENAI:
            rest = b"\r\nx-request-id: %b%b" % (request_id, rest)
        if self.reader.closes:
            self._write_last(label, request_id, rest + body)
        else:
            self.transport.write(b"".join((fast_path.openings[label.status], request_id, rest, body)))
        state.total_requests += 1
        fast_path.observer.record(label, request_id, self.perf_counter() - begun, client)
        self._answered_at = self.loop.time()

    def _write_last(self, label: ResponseLabel, request_id: bytes, rest: bytes) -> None:
        """Write an answer that ends the connection, as the caller wants."""
        opening = self.fast_path.openings[label.status]
        self.transport.write(b"".join((opening, request_id, rest.replace(_BLANK_LINE, _CLOSE, 1))))
        self.transport.close()


def rest_of_head(response: Response) -> bytes:
    """Return the head of ``response`` from the end of its request ids on, as `write_answer` takes it."""
    ids = len(request_id_headers(response.dialect, b""))
    return b"\r\n%b\r\n" % write_lines(response.headers[ids:])
