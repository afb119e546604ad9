"""The uvicorn driver of `answer`: plain requests of the public API are answered where they arrive.

No task, scope or ASGI cycle is made for them, and no parser called: one write. What is out of the ordinary (a
body, an upgrade, HTTP/1.0, ``Connection: close``, a refusal, a request in pieces, or behind one that is still
being answered, a reader that is too slow) takes uvicorn's own path through the same app, which keeps its promises.
"""

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from callsheet.api.answer import Response, negotiate_encoding, select_body, success_response
from callsheet.api.body import Pieces
from callsheet.api.caller import Caller
from callsheet.api.request import Header, Request, find_names
from callsheet.domain.access.keyring import NEVER
from callsheet.http.app import CallsheetApp
from callsheet.http.connection.head import Head, HeadReader, KnownLines
from callsheet.http.connection.protocol import BETWEEN, EnvelopeProtocol, Limits
from callsheet.http.connection.unread import UnreadBytes
from callsheet.http.logs.formats import NO_TEMPLATE, Answered
from callsheet.http.metrics.counters import Label
from callsheet.http.observer import ResponseLabel
from callsheet.http.public.cache import ENTRY, LONGEST, ResponseCache, write_lines
from callsheet.http.request_id import RequestIDs

if TYPE_CHECKING:
    from callsheet.http.serve.config import ServerConfig

_START: Final = b"GET /v1/"


class Rest(NamedTuple):
    """A successful answer but for date and request id.

    Parameters
    ----------
    content
        What follows the request id: the other headers and the body.
    expires
        When the caller's key does, in seconds since the epoch.
    kind
        What is told of it.
    size
        Of request and answer, in bytes.
    key_id
        Of the key that a request for it is charged to.
    """

    content: bytes
    expires: float
    kind: ResponseLabel
    size: int
    key_id: str


class FastPath:
    """What the connections of a process share: app, memo, ids, and the first bytes of this second's answers."""

    def __init__(self, app: CallsheetApp, limits: Limits, memo_bytes: int, unread: UnreadBytes) -> None:
        self.live = app.live
        self.observer = app.observer
        self.limits = app.limits
        self.unread = unread
        self.is_open = not app.prefix.startswith("/v1") and (self.limits is None or self.limits.at_once)
        """Whether paths mean what they say (else the app takes a prefix off that looks like the API's own), and
        nobody needs to be waited for to know whether a request is one too many."""
        self.needs_address = self.limits is not None or self.observer.log is not None
        """Whether it matters from where a request comes."""
        self._list, self._retrieve = (
            ResponseLabel(self.observer.metrics.tally(Label(route, 200, "anthropic")), NO_TEMPLATE)
            for route in ("list", "retrieve")
        )
        self.memo: ResponseCache[Rest] = ResponseCache(memo_bytes)
        self.ids = RequestIDs()
        self.reader = partial(HeadReader, limits.max_url_bytes, limits.max_header_bytes, KnownLines())
        """Makes what reads the heads of one more connection."""
        self.dated: list[Header] | None = None
        self.opening = b""

    def follow(self) -> None:
        """Forget what the last State said, and let go of it, if there is another one."""
        if self.live.current is not self.memo.state:
            self.memo.follow(self.live.current)

    def date(self, default_headers: list[Header]) -> None:
        """Write the ``opening`` of an answer, up to its request id; uvicorn's headers are made anew each second."""
        self.dated = default_headers
        self.opening = b"%b%brequest-id: " % (STATUS_LINE[200], write_lines(default_headers))

    def kind(self, names: tuple[str, ...], head: Head, length: int, caller: Caller) -> ResponseLabel:
        """Return what is told of a successful answer; a line of the log is only made if there is one."""
        usual = self._retrieve if names else self._list
        log = self.observer.log
        if log is None:
            return usual
        path, query, _ = head
        return usual._replace(template=log.template(Answered("GET", path, query, 200, length, caller.key_id)))


class FastProtocol(EnvelopeProtocol):
    """Answers plain requests of the public API at once, and leaves everything else to uvicorn.

    What every request goes through is written flat: a call costs as much here as the work it does.
    """

    def __init__(self, config: "ServerConfig", *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._lane = config.lane()
        self._reader = self._lane.reader()

    def data_received(self, data: bytes) -> None:
        """Answer a request that is known by its bytes, or by its headers; leave any other to the parser."""
        begun = time.perf_counter()
        cycle = self.cycle
        lane = self._lane
        if (  # nothing is ahead of it, and readers keep up: an answer may be written now
            self._part is BETWEEN
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and not self._deaf
            and not self.transport.is_closing()
            and self.limit_concurrency is None
            and not lane.unread.is_full
        ):
            memo = lane.memo
            if lane.live.current is not memo.state:
                memo.follow(lane.live.current)
            known = memo.answers.get(data)
            if (
                known is not None
                and (known.expires == NEVER or time.time() < known.expires)
                and (lane.limits is None or lane.limits.admits(self.client, known.key_id))
            ):
                self._give_again(known, begun)
                return
            if data.startswith(_START) and lane.is_open and self._answer(data, begun):
                return
        super().data_received(data)

    def _answer(self, data: bytes, begun: float) -> bool:
        """Answer a request if it is plain and let in; return whether it was."""
        lane = self._lane
        memo = lane.memo
        given = self.server_state.total_requests
        try:
            head = self._reader.read(data)
            if head is None or (lane.needs_address and self._is_proxied(data)):
                return False
            now = time.time()
            known = memo.answers.get(head)
            if known is not None and now < known.expires:
                if lane.limits is not None and not lane.limits.admits(self.client, known.key_id):
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
        lane = self._lane
        path, query, lines = head
        memo = lane.memo
        caller, plain_lines, varying_lines = memo.caller(
            lane.live.current, lines, lambda: self._reader.headers(lines), now
        )
        names = find_names(path)
        body = select_body(caller, names, query)
        if isinstance(body.content, Pieces):  # which are sent one after the other, as far as they are read
            return False
        if lane.limits is not None and not lane.limits.admits(self.client, caller.key_id):
            return False
        again = memo.seen_before(head)
        if caller.to_openai or caller.if_none_match is not None:
            request = Request("GET", path, query, (), now, lane.ids.make().decode("ascii"))
            self._send(request, success_response(caller, body, request, again=again, whole=True), begun)
            return True
        (content, etag), headers, coding, final = negotiate_encoding(caller, body, again=again)
        kind = lane.kind(names, head, len(content), caller)
        if TYPE_CHECKING:
            assert isinstance(content, bytes)
        pieces = (  # the same, byte for byte, as `success_response` makes it
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
        kind = self._lane.observer.kind(request, response)
        lines = write_lines(self.server_state.default_headers), write_lines(response.headers)
        self.transport.write(b"".join((STATUS_LINE[response.status], *lines, b"\r\n", response.body)))
        self._await_next(kind, request.request_id.encode("ascii"), begun)

    def _give_again(self, known: Rest, begun: float) -> None:
        """Do what `_write` does, without a call more than it takes: most answers are given here."""
        lane, state = self._lane, self.server_state
        request_id = lane.ids.make()
        if state.default_headers is not lane.dated:
            lane.date(state.default_headers)
        self.transport.write(b"".join((lane.opening, request_id, known.content)))
        state.total_requests += 1
        observer = lane.observer
        observer.metrics.remembered += 1
        observer.tell(known.kind, request_id, time.perf_counter() - begun, self.client)
        self._used = self.loop.time()

    def _write(self, pieces: tuple[bytes, ...], kind: ResponseLabel, begun: float) -> None:
        lane = self._lane
        request_id = lane.ids.make()
        headers = self.server_state.default_headers
        if headers is not lane.dated:
            lane.date(headers)
        self.transport.write(b"".join((lane.opening, request_id, *pieces)))
        self._await_next(kind, request_id, begun)

    def _await_next(self, kind: ResponseLabel, request_id: bytes, begun: float) -> None:
        """Tell of the answer, and wait for the next request."""
        self.server_state.total_requests += 1
        self._lane.observer.tell(kind, request_id, time.perf_counter() - begun, self.client)
        self._used = self.loop.time()
