"""The uvicorn driver of `answer`: plain requests of the public API are answered where they arrive.

No task, scope or ASGI cycle is made for them, and no parser called: one write. What is out of the ordinary (a
body, an upgrade, HTTP/1.0, ``Connection: close``, a refusal, a request in pieces, or behind one that is still
being answered, a reader that is too slow) takes uvicorn's own path through the same app, which keeps its promises.
"""

import time
from asyncio import TimerHandle
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from callsheet.api import cors
from callsheet.api.answer import Response, Sent, find, give, suit
from callsheet.api.caller import Caller, identify
from callsheet.api.request import Header, Request, find_model_id, read_headers
from callsheet.api.view import Body
from callsheet.http.app import CallsheetApp
from callsheet.http.head import Head, HeadReader
from callsheet.http.memo import KnownCaller, Memo, Remembered
from callsheet.http.metrics import Label
from callsheet.http.observer import Kind
from callsheet.http.protocol import EnvelopeProtocol, Limits, Part
from callsheet.http.request_id import RequestIDs

if TYPE_CHECKING:
    from callsheet.http.config import ServerConfig

_START: Final = b"GET /v1/"
_NEVER: Final = float("inf")
_LIST: Final = Kind(Label("list", 200, "anthropic"), b"")
_RETRIEVE: Final = Kind(Label("retrieve", 200, "anthropic"), b"")


class FastLane:
    """What the connections of a process share: app, memo, ids, and the first bytes of this second's answers."""

    def __init__(self, app: CallsheetApp, limits: Limits, memo_bytes: int) -> None:
        self.live = app.live
        self.observer = app.observer
        self.limits = app.limits
        self.is_open = not app.prefix.startswith("/v1") and (self.limits is None or self.limits.at_once)
        """Whether paths mean what they say (else the app takes a prefix off that looks like the API's own), and
        nobody needs to be waited for to know whether a request is one too many."""
        self.memo = Memo(memo_bytes if self.limits is None else 0)  # whose key it is must be known to be counted
        self.ids = RequestIDs()
        self.reader = HeadReader(limits.max_url_bytes, limits.max_header_bytes)
        self._dated: list[Header] | None = None
        self._opening = b""

    def opening(self, default_headers: list[Header]) -> bytes:
        """Return a successful answer up to its request id; uvicorn makes the list of headers anew each second."""
        if default_headers is not self._dated:
            self._dated = default_headers
            self._opening = b"%b%brequest-id: " % (STATUS_LINE[200], _lines(default_headers))
        return self._opening

    def kind(self, usual: Kind, head: Head, sent: Sent, caller: Caller) -> Kind:
        """Return what is told of a successful answer; a line of the log is only made if there is one."""
        log = self.observer.log
        if log is None:
            return usual
        request = Request("GET", head.path, head.query, (), 0.0, "")
        return usual._replace(template=log.template(request, Response(200, [], sent.body.content, caller.key_id)))

    def caller(self, head: Head, now: float) -> KnownCaller:
        """Return who sends this head.

        Raises
        ------
        APIError
            Somebody who is not let in.
        """
        known = self.memo.callers.get(head.lines)
        if known is not None and now < known.caller.expires:
            return known
        state = self.live.current
        headers = read_headers(self.reader.headers(head))
        caller = identify(state, headers, cors.origin_headers(state.options, headers), now)
        known = KnownCaller(caller, _lines(caller.headers), _lines(caller.varying_headers))
        self.memo.keep_caller(head.lines, known)
        return known


class FastProtocol(EnvelopeProtocol):
    """Answers plain requests of the public API at once, and leaves everything else to uvicorn."""

    def __init__(self, config: "ServerConfig", *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._lane = config.lane()
        self._used = 0.0  # when the connection last was, by the loop's clock
        self._idle_check: TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Answer a request that is known by its bytes, or by its headers; leave any other to the parser."""
        lane = self._lane
        if data.startswith(_START) and lane.is_open and self._is_free():
            begun = time.perf_counter()
            if lane.live.current is not lane.memo.state:
                lane.memo.follow(lane.live.current)
            known = lane.memo.answers.get(data)
            if known is not None and (known.expires == _NEVER or time.time() < known.expires):
                lane.observer.metrics.remembered += 1
                self._write(known, begun)
                return
            if self._answer(data, begun):
                return
        super().data_received(data)

    def _is_free(self) -> bool:
        """Return whether an answer may be written now: nothing is ahead of it, and the reader keeps up."""
        return (
            self._part is Part.BETWEEN
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self._deaf
            and not self.transport.is_closing()
            and self.limit_concurrency is None
        )

    def _answer(self, data: bytes, begun: float) -> bool:
        """Answer a request if it is plain and let in; return whether it was."""
        lane = self._lane
        now = time.time()
        try:
            head = None if self._is_for_other_address(data) else lane.reader.read(data)
            if head is None:
                return False
            known = lane.caller(head, now)
            caller = known.caller
            model_id = find_model_id(head.path)
            body = find(caller, model_id, head.query)
            if lane.limits is not None and not lane.limits.admits(self.client, caller.key_id):
                return False
            if caller.to_openai or caller.if_none_match is not None:
                answer = None
            else:
                sent = suit(caller, body)
                kind = lane.kind(_LIST if model_id is None else _RETRIEVE, head, sent, caller)
                answer = Remembered(_rest(known, sent), caller.expires, kind)
        except Exception:  # a refusal, or a fault: the ordinary path answers either, and logs the second
            return False
        if answer is None:
            self._send(head, caller, body, now, begun)
            return True
        self._write(answer, begun)
        if sent.final:
            lane.memo.keep_answer(data, answer)
        return True

    def _is_for_other_address(self, data: bytes) -> bool:
        """Return whether log or limits need what a proxy says of the client, which uvicorn's middleware finds."""
        return (
            (self._lane.observer.log is not None or self._lane.limits is not None)
            and self.config.proxy_headers
            and b"x-forwarded-for" in data.lower()
        )

    def _send(self, head: Head, caller: Caller, body: Body, now: float, begun: float) -> None:
        """Write an answer that is not of the usual form: not modified, or with its id twice."""
        request_id = self._lane.ids.make()
        request = Request("GET", head.path, head.query, (), now, request_id.decode("ascii"))
        response = give(caller, body, request)
        kind = self._lane.observer.kind(request, response)
        lines = _lines(self.server_state.default_headers), _lines(response.headers)
        self.transport.write(b"".join((STATUS_LINE[response.status], *lines, b"\r\n", response.body)))
        self._await_next(kind, request_id, begun)

    def _write(self, answer: Remembered, begun: float) -> None:
        lane = self._lane
        request_id = lane.ids.make()
        self.transport.write(b"".join((lane.opening(self.server_state.default_headers), request_id, answer.rest)))
        self._await_next(answer.kind, request_id, begun)

    def _await_next(self, kind: Kind, request_id: bytes, begun: float) -> None:
        """Tell of the answer, and wait for the next request, as long as keep-alive allows.

        A timer set for every request would cost more than many an answer: one looks, from time to time, when
        the connection was last used.
        """
        self._lane.observer.tell(
            kind, request_id, time.perf_counter() - begun, self.client[0] if self.client else ""
        )
        self.server_state.total_requests += 1
        self._used = self.loop.time()
        if self.timeout_keep_alive_task is not None:
            self._unset_keepalive_if_required()
        if self._idle_check is None:
            self._idle_check = self.loop.call_later(self.timeout_keep_alive, self._check_idle)

    def _check_idle(self) -> None:
        self._idle_check = None
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering or self._part is not Part.BETWEEN or self.timeout_keep_alive_task is not None:
            return  # uvicorn has it in hand
        left = self._used + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_check = self.loop.call_later(left, self._check_idle)
        else:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go."""
        if self._idle_check is not None:
            self._idle_check.cancel()
            self._idle_check = None
        self._unset_keepalive_if_required()
        super().connection_lost(exc)


def _rest(known: KnownCaller, sent: Sent) -> bytes:
    """What follows the request id in a successful answer; the same, byte for byte, as `give` makes it."""
    (content, etag), headers, coding, _ = sent
    lines = known.lines if headers is known.caller.headers else known.varying_lines
    coded = b"" if coding is None else b"content-encoding: %b\r\n" % coding
    return b"\r\n%betag: %b\r\ncontent-length: %d\r\n%b\r\n%b" % (lines, etag, len(content), coded, content)


def _lines(headers: tuple[Header, ...] | list[Header]) -> bytes:
    return b"".join([b"%b: %b\r\n" % header for header in headers])
