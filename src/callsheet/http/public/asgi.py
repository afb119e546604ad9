"""The ASGI driver of `answer`, for any server and any mount."""

import logging
import sys
from collections.abc import Awaitable, Coroutine, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from anyio.lowlevel import checkpoint

from callsheet.api.answer import Response, answer, error_before_examination
from callsheet.api.headers import request_id_headers
from callsheet.api.request import READ_HEADERS, Header, Request, read_headers
from callsheet.api.view import REQUEST_BLOCK_BUDGET, UnfinishedError
from callsheet.domain.access.keyring import NEVER
from callsheet.domain.errors import APIError, OverloadedError
from callsheet.http.observer import Observer
from callsheet.http.paths import Scope
from callsheet.http.public.cache import ENTRY_BYTES, MAX_REQUEST_BYTES, CachedResponse, ResponseCache
from callsheet.http.public.preparation import PreparationThread
from callsheet.http.public.unread_bytes import UnreadBytes
from callsheet.http.request_id import RequestIDs
from callsheet.service.admin.key_uses import KeyUses
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.delegation.asked_by import ASKED_BY
from callsheet.service.delegation.lazy import LazyKeyChecks
from callsheet.service.state.live import LiveState

if TYPE_CHECKING:
    from callsheet.http.ratelimit.limiter import RateLimits

_log = logging.getLogger("callsheet")


#: What an answer depends on beside the time: method, path, query and the headers that are read.
_Asked: TypeAlias = tuple[str, bytes, bytes, tuple[Header, ...]]

#: Larger answers are refused while callers leave too much unread; and the size of the portions of long ones.
LARGE_BYTES: Final = 64 * 1024


#: Where the scope of a request has the `KeyCheck` that its connection has begun, if there is one.
KEY_CHECK: Final = "callsheet.key_check"


class KeyCheck(NamedTuple):
    """Asking about the key of a request, which began before the request came here.

    Parameters
    ----------
    refusal
        Comes to what `PublicAPI.key_check` comes to.
    begun
        When the request arrived, by the clock's ``perf_counter``.
    """

    refusal: Awaitable[APIError | None]
    begun: float


class PublicAPI:
    """Answers every request from the present State, without a lock or a query.

    Parameters
    ----------
    live
        Holds the State.
    observer
        Records every answer.
    memo_bytes
        Maximum size of the cache: requests and their answers.
    clock
        Where the time comes from.
    """

    def __init__(self, live: LiveState, observer: Observer, memo_bytes: int, clock: Clock = SYSTEM_CLOCK) -> None:
        self._live = live
        self._observer = observer
        self._clock = clock
        self._cache: ResponseCache[Response] = ResponseCache(memo_bytes)
        self._preparation = PreparationThread()
        self._ids = RequestIDs()
        self.rate_limits: RateLimits | None = None
        """Refuses callers that ask too often; None for no limits."""
        self.keys: LazyKeyChecks | None = None
        """Asks a gateway about keys that are not known; None if none is ever asked."""
        self.uses: KeyUses | None = None
        """Notes when keys are used; None if that is not wanted."""
        self._hour = 0  # that `uses` were noted in, of the callers in the cache
        self.unread = UnreadBytes(sys.maxsize)
        """What callers leave unread of their answers; a server that knows replaces it."""

    async def answer(self, scope: Scope, path: bytes, send: Any) -> None:
        """Answer the request for ``path``, as `local_path` returns it; its body, if it has one, is not read."""
        check: KeyCheck | None = scope.get(KEY_CHECK)
        begun = self._clock.perf_counter() if check is None else check.begun
        headers = tuple([(name, value) for name, value in scope["headers"] if name in READ_HEADERS])
        asked = scope["method"], path, scope["query_string"], headers
        client = scope.get("client")
        request_id = self._ids.make()
        found = self._cached(asked) if self.rate_limits is None else None
        if found is None:
            asked_by = b"" if self._live.current.delegation is None else _asked_by(scope["headers"])
            address = client[0] if client else ""
            found = await self._make(asked, request_id.decode("ascii"), address, asked_by, check)
        if self.unread.is_full and (found.content.pieces is not None or len(found.content.body) > LARGE_BYTES):
            found = self._refuse_large(asked, request_id.decode("ascii"))
        response = found.content
        self._observer.record(found.label, request_id, self._clock.perf_counter() - begun, client)
        ids = request_id_headers(response.dialect, request_id)
        sent = [*ids, *response.headers[len(ids) :]]
        await send({"type": "http.response.start", "status": response.status, "headers": sent})
        if response.pieces is not None:
            for portion in response.pieces.portions(LARGE_BYTES):
                await send({"type": "http.response.body", "body": portion, "more_body": True})
                await checkpoint()  # sending to a quick reader may never yield, and other requests wait
        await send({"type": "http.response.body", "body": response.body})

    def drop_stale(self) -> None:
        """Empty the cache if the State has moved, so that the last one can be freed, or if an hour has begun."""
        hour = 0 if self.uses is None else self.uses.turn()
        if self._live.current is not self._cache.state or hour != self._hour:
            self._hour = hour
            self._cache.reset(self._live.current)

    def forget_answers(self) -> None:
        """Empty the cache."""
        self._cache.reset(self._live.current)

    def _cached(self, asked: _Asked) -> CachedResponse[Response] | None:
        """The answer to an earlier request that differed in nothing that matters."""
        self.drop_stale()
        known = self._cache.answers.get(asked)
        if known is None or not (known.expires == NEVER or self._clock.time() < known.expires):
            return None
        self._observer.metrics.cache_hits += 1
        return known

    def key_check(
        self, request: Request, address: str, asked_by: bytes = b""
    ) -> Coroutine[Any, Any, APIError | None] | None:
        """Return what asks about the key of ``request``, and then why it is refused; None if that is not needed.

        Parameters
        ----------
        request
            It may be answered as any other once its key has been asked about, and is not to be counted again.
        address
            Which it comes from, and whose rate limits hold.
        asked_by
            The installations that ask, where the request is a question about a key.
        """
        state = self._live.current
        checks = None if self.keys is None else self.keys.of(state)
        if checks is None or not checks.must_ask(state, request):
            return None
        return self._check_unknown(request, address, asked_by)

    async def _make(
        self, asked: _Asked, request_id: str, address: str, asked_by: bytes = b"", begun: KeyCheck | None = None
    ) -> CachedResponse[Response]:
        """The answer to a request that is not cached, or whose caller may have asked too often."""
        request = Request(*asked, self._clock.time(), request_id)
        check = self.key_check(request, address, asked_by) if begun is None else begun.refusal
        if check is None and self.rate_limits is not None:
            check = self.rate_limits.check(self._live.current, request, address)
        if check is not None:
            refusal = await check
            if refusal is not None:
                return self._labelled(request, self.respond(request, refusal))
            request = request._replace(now=self._clock.time())
            known = self._cached(asked)
            if known is not None:
                return known
        cache = self._cache
        again = cache.has_seen(asked)
        is_prepared = True
        try:
            response = self.respond(request, again=again)
        except UnfinishedError:
            is_prepared = False
            response = await self._preparation.finish(
                lambda most: self.respond(request, block_budget=most, again=again)
            )
        made = self._labelled(request, response)
        if self.uses is not None and response.key_id is not None:
            self.uses.note(response.key_id)
        if response.status < HTTPStatus.BAD_REQUEST:
            cache.mark_seen(asked)
            if again and is_prepared and made.expires and _length(request) <= MAX_REQUEST_BYTES:
                cache.keep_answer(asked, made)
        return made

    async def _check_unknown(self, request: Request, address: str, asked_by: bytes) -> APIError | None:
        """Why a request whose key is not known is refused; if it is not, its key has been asked about.

        It is counted towards its address first, so that who guesses keys is stopped before the gateway is asked.
        """
        limits = self.rate_limits
        if limits is not None:
            refusal = await limits.check_unknown(address)
            if refusal is not None:
                return refusal
        state = None
        try:
            while state is None or state.grants is not self._live.current.grants:
                state = self._live.current  # another source may be asked since
                checks = None if self.keys is None else self.keys.of(state)
                if checks is not None:
                    await checks.settle(state, read_headers(request.headers), self._clock.time(), asked_by)
        except OverloadedError as error:
            return error
        if limits is None:
            return None
        return await limits.check_asked(self._live.current, request._replace(now=self._clock.time()), address)

    def _refuse_large(self, asked: _Asked, request_id: str) -> CachedResponse[Response]:
        """The answer to a request for a large list while too much is left unread."""
        self.unread.refused += 1
        request = Request(*asked, self._clock.time(), request_id)
        return self._labelled(request, self.respond(request, OverloadedError("Overloaded")))

    def _labelled(self, request: Request, response: Response) -> CachedResponse[Response]:
        label = self._observer.label(request, response)
        size = _length(request) + response.length + ENTRY_BYTES
        return CachedResponse(response, response.cacheable_until, label, size, response.key_id)

    def respond(
        self,
        request: Request,
        refusal: APIError | None = None,
        block_budget: int = REQUEST_BLOCK_BUDGET,
        *,
        again: bool = False,
    ) -> Response:
        """Return the answer; an unexpected error is logged with the request id, and never shown to the caller.

        Parameters
        ----------
        request
            What is asked.
        refusal
            Why it is refused before it is examined.
        block_budget
            Maximum number of blocks of the catalogue that may be prepared for it.
        again
            Whether an equal request came before.

        Raises
        ------
        UnfinishedError
            More must be prepared first; the next call continues where this one stopped.
        """
        state = self._live.current
        try:
            if refusal is not None:
                return error_before_examination(state, request, refusal)
            return answer(state, request, block_budget, again=again, whole=False)
        except UnfinishedError:
            raise
        except Exception:  # whatever it was, the caller gets the envelope
            extra = {"request_id": request.request_id}
            _log.exception("%s %s failed.", request.request_id, request.method, extra=extra)
            return error_before_examination(state, request)


def _asked_by(headers: Iterable[Header]) -> bytes:
    """The installations that ask, where the request is a question about a key."""
    return next((value for name, value in headers if name == ASKED_BY), b"")


def _length(request: Request) -> int:
    headers = sum(len(name) + len(value) for name, value in request.headers)
    return len(request.path) + len(request.query) + headers
