"""The uvicorn driver of `answer`: plain requests of the public API are answered where they arrive.

No task, scope or ASGI cycle is made for them, and no parser called: one write. What is out of the ordinary (a
body, an upgrade, HTTP/1.0, ``Connection: close``, a refusal, a request in pieces, or behind one that is still
being answered, a reader that is too slow) takes uvicorn's own path through the same app, which keeps its promises.
"""

import time
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from callsheet.api.answer import Response, find, give, suit
from callsheet.api.encoded_block import Pieces
from callsheet.api.request import Request, find_names
from callsheet.domain.access.keyring import NEVER
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.fast_path import Rest
from callsheet.http.connection.head import Head
from callsheet.http.connection.protocol import BETWEEN, EnvelopeProtocol
from callsheet.http.observer import ResponseLabel
from callsheet.http.public.cache import ENTRY, LONGEST
from callsheet.http.wire_headers import write_lines

_START: Final = b"GET /v1/"


class FastProtocol(EnvelopeProtocol):
    """Answers plain requests of the public API at once, and leaves everything else to uvicorn.

    What every request goes through is written flat: a call costs as much here as the work it does.
    """

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._fast_path = config.fast_path
        self._reader = self._fast_path.reader()

    def data_received(self, data: bytes) -> None:
        """Answer a request that is known by its bytes, or by its headers; leave any other to the parser."""
        begun = time.perf_counter()
        cycle = self.cycle
        fast_path = self._fast_path
        if (  # nothing is ahead of it, and readers keep up: an answer may be written now
            self._part is BETWEEN
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self._deaf
            and not self.transport.is_closing()
            and self.limit_concurrency is None
            and not fast_path.unread.is_full
        ):
            memo = fast_path.memo
            if fast_path.live.current is not memo.state:
                memo.follow(fast_path.live.current)
            known = memo.answers.get(data)
            if (
                known is not None
                and (known.expires == NEVER or time.time() < known.expires)
                and (fast_path.rate_limits is None or fast_path.rate_limits.admits(self.client, known.key_id))
            ):
                self._give_again(known, begun)
                return
            if data.startswith(_START) and fast_path.is_open and self._answer(data, begun):
                return
        super().data_received(data)

    def _answer(self, data: bytes, begun: float) -> bool:
        """Answer a request if it is plain and let in; return whether it was."""
        fast_path = self._fast_path
        memo = fast_path.memo
        given = self.server_state.total_requests
        try:
            head = self._reader.read(data)
            if head is None or (fast_path.needs_address and self._is_proxied(data)):
                return False
            now = time.time()
            known = memo.answers.get(head)
            if known is not None and now < known.expires:
                limits = fast_path.rate_limits
                if limits is not None and not limits.admits(self.client, known.key_id):
                    return False
                self._give_again(known, begun)
                if len(data) <= LONGEST and memo.seen_before(data):
                    memo.keep_answer(data, known)
                return True
            return self._work_out(data, head, now, begun)
        except Exception:  # a refusal, or a fault: the ordinary path answers either, and logs the second
            if self.server_state.total_requests != given:
                raise  # an answer is out: a second one would be taken for that to the next request
            return False

    def _is_proxied(self, data: bytes) -> bool:
        """Return whether a proxy says who the client is, which uvicorn's middleware finds."""
        return self.config.proxy_headers and b"x-forwarded-for" in data.lower()

    def _work_out(self, data: bytes, head: Head, now: float, begun: float) -> bool:
        """Answer a request that is not known.

        Raises
        ------
        APIError
            It is refused; nothing has been written.
        """
        fast_path = self._fast_path
        path, query, lines = head
        memo = fast_path.memo
        caller, plain_lines, varying_lines = memo.caller(
            fast_path.live.current, lines, lambda: self._reader.headers(lines), now
        )
        names = find_names(path)
        body = find(caller, names, query)
        if isinstance(body.content, Pieces):  # which are sent one after the other, as far as they are read
            return False
        if fast_path.rate_limits is not None and not fast_path.rate_limits.admits(self.client, caller.key_id):
            return False
        again = memo.seen_before(head)
        if caller.to_openai or caller.if_none_match is not None:
            request = Request("GET", path, query, (), now, fast_path.ids.make().decode("ascii"))
            self._send(request, give(caller, body, request, again=again, whole=True), begun)
            return True
        (content, etag), headers, coding, final = suit(caller, body, again=again)
        kind = fast_path.kind(names, head, len(content), caller)
        if TYPE_CHECKING:
            assert isinstance(content, bytes)
        pieces = (  # the same, byte for byte, as `give` makes it
            b"\r\n",
            plain_lines if headers is caller.headers else varying_lines,
            b"etag: %b\r\ncontent-length: %d\r\n" % (etag, len(content)),
            b"\r\n" if coding is None else b"content-encoding: %b\r\n\r\n" % coding,
            content,
        )
        self._write(pieces, kind, begun)
        if again and final and len(data) <= LONGEST:
            rest = b"".join(pieces)
            size = len(data) + len(rest) + ENTRY
            memo.keep_answer(head, Rest(rest, caller.expires, kind, size, caller.key_id))
        return True

    def _send(self, request: Request, response: Response, begun: float) -> None:
        """Write an answer that is not of the usual form: not modified, or with its id twice."""
        kind = self._fast_path.observer.kind(request, response)
        lines = write_lines(self.server_state.default_headers), write_lines(response.headers)
        self.transport.write(b"".join((STATUS_LINE[response.status], *lines, b"\r\n", response.body)))
        self._await_next(kind, request.request_id.encode("ascii"), begun)

    def _give_again(self, known: Rest, begun: float) -> None:
        """Do what `_write` does, without a call more than it takes: most answers are given here."""
        fast_path, state = self._fast_path, self.server_state
        request_id = fast_path.ids.make()
        if state.default_headers is not fast_path.dated:
            fast_path.date(state.default_headers)
        self.transport.write(b"".join((fast_path.opening, request_id, known.content)))
        state.total_requests += 1
        observer = fast_path.observer
        observer.metrics.remembered += 1
        observer.tell(known.kind, request_id, time.perf_counter() - begun, self.client)
        self._used = self.loop.time()

    def _write(self, pieces: tuple[bytes, ...], kind: ResponseLabel, begun: float) -> None:
        fast_path = self._fast_path
        request_id = fast_path.ids.make()
        headers = self.server_state.default_headers
        if headers is not fast_path.dated:
            fast_path.date(headers)
        self.transport.write(b"".join((fast_path.opening, request_id, *pieces)))
        self._await_next(kind, request_id, begun)

    def _await_next(self, kind: ResponseLabel, request_id: bytes, begun: float) -> None:
        """Tell of the answer, and wait for the next request."""
        self.server_state.total_requests += 1
        self._fast_path.observer.tell(kind, request_id, time.perf_counter() - begun, self.client)
        self._used = self.loop.time()
