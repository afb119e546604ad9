"""The ASGI driver of `answer`: works under any server, mounted anywhere."""

import logging
import time
from collections.abc import Hashable
from typing import Any, Final, NamedTuple

from callsheet.api.answer import Response, answer, apologize
from callsheet.api.request import READ, Header, Request
from callsheet.http.memo import ENTRY, LONGEST, Memo
from callsheet.http.observer import Kind, Observer
from callsheet.http.paths import Scope
from callsheet.http.request_id import make_request_id
from callsheet.service.state import LiveState

_log = logging.getLogger("callsheet")

#: The headers that carry the request id.
_IDS: Final = frozenset({b"request-id", b"x-request-id"})


class Whole(NamedTuple):
    """An answer but for its request id.

    Parameters
    ----------
    ids
        The names of the headers that carry it; they come first.
    headers
        The other ones.
    """

    status: int
    ids: tuple[bytes, ...]
    headers: list[Header]
    body: bytes
    expires: float
    kind: Kind
    size: int


class PublicAPI:
    """Answers every request from the present State, without a thread, a lock or a query.

    Parameters
    ----------
    live
        Holds the State.
    observer
        Is told of every answer.
    memo_bytes
        How much is remembered of requests and their answers.
    """

    def __init__(self, live: LiveState, observer: Observer, memo_bytes: int) -> None:
        self._live = live
        self._observer = observer
        self._memo: Memo[Whole] = Memo(memo_bytes)

    async def answer(self, scope: Scope, path: bytes, send: Any) -> None:
        """Answer the request for ``path``, as `local_path` gives it; its body, if it has one, is not read."""
        begun = time.perf_counter()
        request_id = make_request_id()
        known = self._find(scope, path, request_id)
        client = scope.get("client")
        encoded_id = request_id.encode("ascii")
        self._observer.tell(known.kind, encoded_id, time.perf_counter() - begun, client)
        headers = [*[(name, encoded_id) for name in known.ids], *known.headers]
        await send({"type": "http.response.start", "status": known.status, "headers": headers})
        await send({"type": "http.response.body", "body": known.body})

    def _find(self, scope: Scope, path: bytes, request_id: str) -> Whole:
        """The answer: one given before to a request that differs in nothing that matters, or a new one."""
        state = self._live.current
        if state is not self._memo.state:
            self._memo.follow(state)
        headers = tuple([(name, value) for name, value in scope["headers"] if name in READ])
        method, query = scope["method"], scope["query_string"]
        now = time.time()
        key = (method, path, query, headers)
        known = self._memo.answers.get(key)
        if known is not None and now < known.expires:
            self._observer.metrics.remembered += 1
            return known
        return self._work_out(Request(method, path, query, headers, now, request_id), key)

    def _work_out(self, request: Request, key: Hashable) -> Whole:
        response = self.respond(request)
        length = (
            len(request.path) + len(request.query) + sum(len(name) + len(value) for name, value in request.headers)
        )
        whole = Whole(
            response.status,
            tuple(name for name, _ in response.headers[:2] if name in _IDS),
            [header for header in response.headers if header[0] not in _IDS],
            response.body,
            response.good_until,
            self._observer.kind(request, response),
            length + len(response.body) + ENTRY,
        )
        if response.good_until and length <= LONGEST:
            self._memo.keep_answer(key, whole)
        return whole

    def respond(self, request: Request) -> Response:
        """Return the answer; what goes wrong in making it is logged with the request id, never shown."""
        state = self._live.current
        try:
            return answer(state, request)
        except Exception:  # whatever it was, the caller gets the envelope
            _log.exception("%s %s failed.", request.request_id, request.method)
            return apologize(state, request)
