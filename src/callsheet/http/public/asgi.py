"""The ASGI driver of `answer`: works under any server, mounted anywhere."""

import logging
import sys
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from anyio.lowlevel import checkpoint

from callsheet.api.answer import Response, answer, error_before_examination
from callsheet.api.body import Pieces
from callsheet.api.request import READ_HEADERS, Header, Request
from callsheet.api.view import REQUEST_BLOCK_BUDGET, UnfinishedError
from callsheet.domain.access.keyring import NEVER
from callsheet.domain.errors import APIError, OverloadedError
from callsheet.http.connection.unread import UnreadBytes
from callsheet.http.observer import Observer, ResponseLabel
from callsheet.http.paths import Scope
from callsheet.http.public.background import Preparing
from callsheet.http.public.cache import ENTRY, LONGEST, ResponseCache
from callsheet.http.request_id import RequestIDs
from callsheet.service.state.live import LiveState

if TYPE_CHECKING:
    from callsheet.http.ratelimit.limiter import RateLimits

_log = logging.getLogger("callsheet")


#: What an answer depends on, time aside: method, path, query and the headers that are read.
_Asked: TypeAlias = tuple[str, bytes, bytes, tuple[Header, ...]]

#: The headers that carry the request id.
_IDS: Final = frozenset({b"request-id", b"x-request-id"})

#: Larger answers are not given while too much is left unread, and of one in pieces so much is sent at a time.
LARGE: Final = 64 * 1024


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
    kind: ResponseLabel
    size: int
    pieces: Pieces | None


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
        self._memo: ResponseCache[Whole] = ResponseCache(memo_bytes)
        self._preparing = Preparing()
        self._ids = RequestIDs()
        self.limits: RateLimits | None = None
        """Whom to refuse for asking too often."""
        self.unread = UnreadBytes(sys.maxsize)
        """What callers leave unread of their answers, as far as the server says."""

    async def answer(self, scope: Scope, path: bytes, send: Any) -> None:
        """Answer the request for ``path``, as `local_path` gives it; its body, if it has one, is not read."""
        begun = time.perf_counter()
        headers = tuple([(name, value) for name, value in scope["headers"] if name in READ_HEADERS])
        asked = scope["method"], path, scope["query_string"], headers
        client = scope.get("client")
        request_id = self._ids.make()
        whole = self._recall(asked) if self.limits is None else None
        if whole is None:
            whole = await self._work_out(asked, request_id.decode("ascii"), client[0] if client else "")
        if self.unread.is_full and (whole.pieces is not None or len(whole.body) > LARGE):
            whole = self._turn_down(asked, request_id.decode("ascii"))
        self._observer.tell(whole.kind, request_id, time.perf_counter() - begun, client)
        answered = [*[(name, request_id) for name in whole.ids], *whole.headers]
        await send({"type": "http.response.start", "status": whole.status, "headers": answered})
        if whole.pieces is not None:
            for portion in whole.pieces.portions(LARGE):
                await send({"type": "http.response.body", "body": portion, "more_body": True})
                await checkpoint()  # a server need not wait for a quick reader, but others wait for us
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
        memo = self._memo
        again = memo.has_come(asked)
        is_prepared = True
        try:
            response = self.respond(request, again=again)
        except UnfinishedError:
            is_prepared = False
            response = await self._preparing.finish(lambda most: self.respond(request, most=most, again=again))
        whole = self._whole(request, response)
        if response.status < HTTPStatus.BAD_REQUEST:
            memo.seen_before(asked)
            if again and is_prepared and whole.expires and _length(request) <= LONGEST:
                memo.keep_answer(asked, whole)
        return whole

    def _turn_down(self, asked: _Asked, request_id: str) -> Whole:
        """The answer to a request for a large list while too much is left unread."""
        self.unread.refused += 1
        request = Request(*asked, time.time(), request_id)
        return self._whole(request, self.respond(request, OverloadedError("Overloaded")))

    def _whole(self, request: Request, response: Response) -> Whole:
        return Whole(
            response.status,
            tuple(name for name, _ in response.headers[:2] if name in _IDS),
            [header for header in response.headers if header[0] not in _IDS],
            response.body,
            response.cacheable_until,
            self._observer.kind(request, response),
            _length(request) + response.length + ENTRY,
            response.pieces,
        )

    def respond(
        self,
        request: Request,
        refusal: APIError | None = None,
        most: int = REQUEST_BLOCK_BUDGET,
        *,
        again: bool = False,
    ) -> Response:
        """Return the answer; what goes wrong in making it is logged with the request id, never shown.

        Parameters
        ----------
        request
            What is asked.
        refusal
            Why it is not to be looked into.
        most
            Blocks of the catalogue that may be prepared for it.
        again
            Whether an equal request came before.

        Raises
        ------
        UnfinishedError
            More must be prepared first; asked again, it goes on where it stopped.
        """
        state = self._live.current
        try:
            if refusal is not None:
                return error_before_examination(state, request, refusal)
            return answer(state, request, most, again=again, whole=False)
        except UnfinishedError:
            raise
        except Exception:  # whatever it was, the caller gets the envelope
            told = {"request_id": request.request_id}
            _log.exception("%s %s failed.", request.request_id, request.method, extra=told)
            return error_before_examination(state, request)


def _length(request: Request) -> int:
    headers = sum(len(name) + len(value) for name, value in request.headers)
    return len(request.path) + len(request.query) + headers
