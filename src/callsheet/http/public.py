"""The ASGI driver of `answer`: works under any server, mounted anywhere."""

import logging
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from callsheet.api.answer import Response, answer, apologize
from callsheet.api.request import READ, Header, Request
from callsheet.api.view import AT_ONCE, UnfinishedError
from callsheet.domain.access import NEVER
from callsheet.domain.errors import APIError
from callsheet.http.memo import ENTRY, LONGEST, Memo
from callsheet.http.observer import Kind, Observer
from callsheet.http.paths import Scope
from callsheet.http.preparing import Preparing
from callsheet.http.request_id import RequestIDs
from callsheet.service.state import LiveState

if TYPE_CHECKING:
    from callsheet.http.limits_rate import RateLimits

_log = logging.getLogger("callsheet")


#: What an answer depends on, time aside: method, path, query and the headers that are read.
_Asked: TypeAlias = tuple[str, bytes, bytes, tuple[Header, ...]]

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
        self._ids = RequestIDs()
        self.limits: RateLimits | None = None
        """Whom to refuse for asking too often."""

    async def answer(self, scope: Scope, path: bytes, send: Any) -> None:
        """Answer the request for ``path``, as `local_path` gives it; its body, if it has one, is not read."""
        begun = time.perf_counter()
        headers = tuple([(name, value) for name, value in scope["headers"] if name in READ])
        asked = scope["method"], path, scope["query_string"], headers
        client = scope.get("client")
        request_id = self._ids.make()
        whole = self._recall(asked) if self.limits is None else None
        if whole is None:
            whole = await self._work_out(asked, request_id.decode("ascii"), client[0] if client else "")
        self._observer.tell(whole.kind, request_id, time.perf_counter() - begun, client)
        answered = [*[(name, request_id) for name in whole.ids], *whole.headers]
        await send({"type": "http.response.start", "status": whole.status, "headers": answered})
        await send({"type": "http.response.body", "body": whole.body})

    def follow(self) -> None:
        """Forget what the last State said, and let go of it, if there is another one."""
        if self._live.current is not self._memo.state:
            self._memo.follow(self._live.current)

    def _recall(self, asked: _Asked) -> Whole | None:
        """The answer given before to a request that differed in nothing that matters."""
        self.follow()
        known = self._memo.answers.get(asked)
        if known is None or not (known.expires == NEVER or time.time() < known.expires):
            return None
        self._observer.metrics.remembered += 1
        return known

    async def _work_out(self, asked: _Asked, request_id: str, address: str) -> Whole:
        """The answer to a request that is not known, or whose caller may have asked too often."""
        request = Request(*asked, time.time(), request_id)
        if self.limits is not None:
            refusal = await self.limits.check(self._live.current, request, address)
            if refusal is not None:
                return self._whole(request, self.respond(request, refusal))
            known = self._recall(asked)
            if known is not None:
                return known
        try:
            whole = self._whole(request, self.respond(request))
        except UnfinishedError:
            made = await self._preparing.finish(lambda most: self.respond(request, most=most))
            return self._whole(request, made)
        memo = self._memo
        if whole.expires and whole.size - len(whole.body) - ENTRY <= LONGEST and memo.comes_again(asked):
            memo.keep_answer(asked, whole)
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
