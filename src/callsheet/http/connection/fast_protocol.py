"""The uvicorn driver of `answer`: plain requests of the public API are answered where they arrive.

No task, scope or ASGI cycle is made for them, and no parser called: one write. What is out of the ordinary (a
body, an upgrade, HTTP/1.0, ``Connection: close``, a refusal, a request in pieces, or behind one that is still
being answered, a reader that is too slow) takes uvicorn's own path through the same app, which keeps its promises.
"""

from typing import TYPE_CHECKING, Any, Final

from callsheet.api.answer import negotiate_encoding, select_body, success_response
from callsheet.api.body import Pieces
from callsheet.api.dialect import OPENAI
from callsheet.api.request import Request, find_names
from callsheet.api.view import UnfinishedError
from callsheet.domain.access.keyring import NEVER
from callsheet.domain.errors import APIError
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.head import Head
from callsheet.http.connection.protocol import EnvelopeProtocol
from callsheet.http.connection.timeouts import IDLE
from callsheet.http.observer import ResponseLabel
from callsheet.http.public.cache import ENTRY_BYTES, MAX_REQUEST_BYTES, CachedResponse
from callsheet.http.wire_headers import write_lines

_START: Final = b"GET /v1/"


class FastProtocol(EnvelopeProtocol):
    """Answers plain requests of the public API at once, and leaves everything else to uvicorn.

    What every request goes through is written flat: a call costs as much here as the work it does.
    """

    def __init__(self, config: ConnectionConfig, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._fast_path = config.fast_path
        self._time, _, self._perf_counter = self._fast_path.clock
        self._reader = self._fast_path.reader()

    def data_received(self, data: bytes) -> None:
        """Answer a request that is known by its bytes, or by its headers; leave any other to the parser."""
        begun = self._perf_counter()
        cycle = self.cycle
        fast_path = self._fast_path
        if (  # nothing is ahead of it, and readers keep up: an answer may be written now
            self._parser_state is IDLE
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self._discarding_input
            and not self.transport.is_closing()
            and self.limit_concurrency is None
            and not fast_path.unread.is_full
        ):
            cache = fast_path.cache
            if fast_path.live.current is not cache.state:
                cache.reset(fast_path.live.current)
            known = cache.answers.get(data)
            if (
                known is not None
                and (known.expires == NEVER or self._time() < known.expires)
                and (fast_path.rate_limits is None or fast_path.rate_limits.admits(self.client, known.key_id))
            ):
                fast_path.observer.metrics.cache_hits += 1
                self._write(200, fast_path.ids.make(), known.content, b"", known.label, begun)
                return
            if data.startswith(_START) and fast_path.is_open and self._answer(data, begun):
                return
        super().data_received(data)

    def _answer(self, data: bytes, begun: float) -> bool:
        """Answer a request if it is plain and let in; return whether it was."""
        written = self.server_state.total_requests
        try:
            head = self._reader.read(data)
            if head is None or (self._fast_path.needs_address and self._is_proxied(data)):
                return False
            now = self._time()
            known = self._fast_path.cache.answers.get(head)
            if known is None or now >= known.expires:
                return self._make(data, head, now, begun)
            return self._write_cached(data, known, begun)
        except (APIError, UnfinishedError):  # the ordinary path refuses the request, or prepares more for it
            return False
        except Exception:
            if self.server_state.total_requests != written:
                raise  # an answer is out: a second one would be taken for that to the next request
            self._fast_path.record_error()
            return False

    def _is_proxied(self, data: bytes) -> bool:
        """Return whether a proxy says who the client is, which uvicorn's middleware finds."""
        return self.config.proxy_headers and b"x-forwarded-for" in data.lower()

    def _write_cached(self, data: bytes, known: CachedResponse[bytes], begun: float) -> bool:
        """Answer a request whose ``data`` is new, but not what it means; return whether it was let in."""
        fast_path = self._fast_path
        if fast_path.rate_limits is not None and not fast_path.rate_limits.admits(self.client, known.key_id):
            return False
        fast_path.observer.metrics.cache_hits += 1
        self._write(200, fast_path.ids.make(), known.content, b"", known.label, begun)
        if len(data) <= MAX_REQUEST_BYTES and fast_path.cache.mark_seen(data):
            fast_path.cache.keep_answer(data, known)
        return True

    def _make(self, data: bytes, head: Head, now: float, begun: float) -> bool:
        """Answer a request that is not cached; return whether it was let in.

        Raises
        ------
        APIError
            It is refused; nothing has been written.
        UnfinishedError
            More of the catalogue must be prepared first; nothing has been written.
        """
        fast_path = self._fast_path
        path, query, lines = head
        cache = fast_path.cache
        caller, plain_lines, varying_lines, _ = cache.caller(
            fast_path.live.current, lines, lambda: self._reader.headers(lines), now
        )
        names = find_names(path)
        body = select_body(caller, names, query)
        if isinstance(body.content, Pieces):  # which are sent one after the other, as far as they are read
            return False
        if fast_path.rate_limits is not None and not fast_path.rate_limits.admits(self.client, caller.key_id):
            return False
        again = cache.mark_seen(head)
        request_id = fast_path.ids.make()
        if caller.dialect is OPENAI or caller.if_none_match is not None:
            request = Request("GET", path, query, (), now, request_id.decode("ascii"))
            response = success_response(caller, body, request, again=again, whole=True)
            label = fast_path.observer.label(request, response)
            rest = b"\r\n%b\r\n" % write_lines(response.headers[1:])
            self._write(response.status, request_id, rest, response.body, label, begun)
            return True
        (content, etag), headers, coding, final = negotiate_encoding(caller, body, again=again)
        if TYPE_CHECKING:
            assert isinstance(content, bytes)
        rest = b"\r\n%betag: %b\r\ncontent-length: %d\r\n%b\r\n" % (  # byte for byte as `success_response`
            plain_lines if headers is caller.headers else varying_lines,
            etag,
            len(content),
            b"" if coding is None else b"content-encoding: %b\r\n" % coding,
        )
        label = fast_path.label(names, head, len(content), caller)
        self._write(200, request_id, rest, content, label, begun)
        if again and final and len(data) <= MAX_REQUEST_BYTES:
            size = len(data) + len(rest) + len(content) + ENTRY_BYTES
            cache.keep_answer(head, CachedResponse(rest + content, caller.expires, label, size, caller.key_id))
        return True

    def _write(
        self, status: int, request_id: bytes, rest: bytes, body: bytes, label: ResponseLabel, begun: float
    ) -> None:
        """Write an answer, record it, and wait for the next request.

        Parameters
        ----------
        status
            200 or 304.
        request_id
            Of a request that no other answer has carried.
        rest
            The head from the end of the request id on, or all of the answer from there.
        body
            What follows ``rest``.
        label
            What is recorded of the answer.
        begun
            When the request arrived, by the clock's ``perf_counter``.
        """
        fast_path, state = self._fast_path, self.server_state
        if state.default_headers is not fast_path.default_headers:
            fast_path.renew_openings(state.default_headers)
        self.transport.write(b"".join((fast_path.openings[status], request_id, rest, body)))
        state.total_requests += 1
        fast_path.observer.record(label, request_id, self._perf_counter() - begun, self.client)
        self._answered_at = self.loop.time()
