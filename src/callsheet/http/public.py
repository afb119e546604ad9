"""The ASGI driver of `answer`: works under any server, mounted anywhere."""

import logging
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from callsheet.api.answer import Response, answer, apologize
from callsheet.api.request import READ, Header, Request
from callsheet.api.view import AT_ONCE, UnfinishedError
from callsheet.domain.errors import APIError
from callsheet.http.memo import ENTRY, LONGEST, Memo
from callsheet.http.observer import Kind, Observer
from callsheet.http.paths import Scope
from callsheet.http.preparing import Preparing
from callsheet.http.request_id import make_request_id
from callsheet.service.state import LiveState

if TYPE_CHECKING:
    from callsheet.http.limits_rate import RateLimits

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
    """Answers every request from the present State, without a lock or a query.

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
        self._preparing = Preparing()
        self.limits: RateLimits | None = None
        """Whom to refuse for asking too often."""

    async def answer(self, scope: Scope, path: bytes, send: Any) -> None:
        """Answer the request for ``path``, as `local_path` gives it; its body, if it has one, is not read."""
        begun = time.perf_counter()
        headers = tuple([(name, value) for name, value in scope["headers"] if name in READ])
        request_id = make_request_id()
        request = Request(scope["method"], path, scope["query_string"], headers, time.time(), request_id)
        client = scope.get("client")
        refusal = None
        if self.limits is not None:
            refusal = await self.limits.check(self._live.current, request, client[0] if client else "")
        if refusal is not None:
            whole = self._whole(request, self.respond(request, refusal))
        else:
            try:
                whole = self._recall(request)
            except UnfinishedError:
                made = await self._preparing.finish(lambda most: self.respond(request, most=most))
                whole = self._whole(request, made)
        encoded_id = request_id.encode("ascii")
        self._observer.tell(whole.kind, encoded_id, time.perf_counter() - begun, client)
        answered = [*[(name, encoded_id) for name in whole.ids], *whole.headers]
        await send({"type": "http.response.start", "status": whole.status, "headers": answered})
        await send({"type": "http.response.body", "body": whole.body})

    def follow(self) -> None:
        """Forget what the last State said, and let go of it, if there is another one."""
        if self._live.current is not self._memo.state:
            self._memo.follow(self._live.current)

    def _recall(self, request: Request) -> Whole:
        """The answer: the one given before to a request that differs in nothing that matters, or a new one."""
        self.follow()
        memo = self._memo
        key = request[:4]  # what an answer depends on, time and id aside
        known = memo.answers.get(key)
        if known is not None and request.now < known.expires:
            self._observer.metrics.remembered += 1
            return known
        whole = self._whole(request, self.respond(request))
        if whole.expires and whole.size - len(whole.body) - ENTRY <= LONGEST and memo.comes_again(key):
            memo.keep_answer(key, whole)
        return whole

    def _whole(self, request: Request, response: Response) -> Whole:
        length = (
            len(request.path) + len(request.query) + sum(len(name) + len(value) for name, value in request.headers)
        )
        return Whole(
            response.status,
            tuple(name for name, _ in response.headers[:2] if name in _IDS),
            [header for header in response.headers if header[0] not in _IDS],
            response.body,
            response.good_until,
            self._observer.kind(request, response),
            length + len(response.body) + ENTRY,
        )

    def respond(self, request: Request, refusal: APIError | None = None, most: int = AT_ONCE) -> Response:
        """Return the answer; what goes wrong in making it is logged with the request id, never shown.

        Parameters
        ----------
        request
            What is asked.
        refusal
            Why it is not to be looked into.
        most
            Blocks of the catalogue that may be prepared for it.

        Raises
        ------
        UnfinishedError
            More must be prepared first; asked again, it goes on where it stopped.
        """
        state = self._live.current
        try:
            return answer(state, request, most) if refusal is None else apologize(state, request, refusal)
        except UnfinishedError:
            raise
        except Exception:  # whatever it was, the caller gets the envelope
            told = {"request_id": request.request_id}
            _log.exception("%s %s failed.", request.request_id, request.method, extra=told)
            return apologize(state, request)
