"""AdminAPI: the ASGI application that answers ``/v1/organizations`` and what is below it."""

import logging
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from anyio import CapacityLimiter, fail_after
from anyio.to_thread import run_sync

from callsheet.api.request import Header
from callsheet.domain.access.administrator import Administrator
from callsheet.domain.errors import RateLimitError
from callsheet.http.admin.admitting import KeyAdmission
from callsheet.http.admin.asking import digest_of, read_body, read_head, read_query
from callsheet.http.admin.doing import Done, Wanted, Worker
from callsheet.http.admin.endpoint import Endpoint, Routes
from callsheet.http.admin.errors import COMMON_HEADERS, AdminError, Code
from callsheet.http.admin.metrics import AdminMetrics
from callsheet.http.bodies import BodyError, BodyTooLargeError, read_whole
from callsheet.http.logs.access_line import LoggedResponse
from callsheet.http.logs.writer import AccessLog
from callsheet.http.paths import ADMIN_PATH, MAX_ADMIN_BODY_BYTES, Scope
from callsheet.http.request_id import make_request_id
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.giving_way import giving_way
from callsheet.service.state.live import LiveState
from callsheet.service.sync.guard import UpstreamGuard

if TYPE_CHECKING:
    from callsheet.http.ratelimit.limiter import RateLimits

_log = logging.getLogger("callsheet")

#: Calls that are done at a time, and that may wait: the database makes changes one by one anyway.
MAX_THREADS: Final = 4
MAX_LONG_THREADS: Final = 2  # of calls that take long, such as those that wait for a source, or read another moment
MAX_WAITING_REQUESTS: Final = 200

#: Bodies up to this size are read at once.
_MAX_PROMPT_BYTES: Final = 16 << 10

_OTHER: Final = "other"


class AdminAPI:
    """Answers each call on a thread, in one transaction.

    Parameters
    ----------
    live
        Holds the State, and knows the database.
    endpoints
        All calls; None for those that there are, which are imported for the first request.
    log
        Where a line for each answer goes; None for no log.
    clock
        Where the time comes from.
    private
        The addresses that webhooks may be sent to beside public ones.
    guard
        Which upstreams sources may be set to; None for public ones.
    body_seconds
        How long the body of a request may take to arrive.
    """

    def __init__(
        self,
        live: LiveState,
        endpoints: Sequence[Endpoint] | None = None,
        log: AccessLog | None = None,
        clock: Clock = SYSTEM_CLOCK,
        private: Sequence[str] = (),
        guard: UpstreamGuard | None = None,
        body_seconds: float = 10.0,
    ) -> None:
        self._private = private
        self._live = live
        self._routes = None if endpoints is None else Routes(endpoints)
        self._log = log
        self._clock = clock
        self._guard = guard or UpstreamGuard()
        self._body_seconds = body_seconds
        self._worker = Worker(live.store)
        self._threads = CapacityLimiter(MAX_THREADS)
        self._long_threads = CapacityLimiter(MAX_LONG_THREADS)
        self._waiting = 0
        self.metrics = AdminMetrics()
        self.rate_limits: RateLimits | None = None
        """Refuses callers that ask too often, or fail to authenticate too often; None for no limits."""

    @property
    def is_on(self) -> bool:
        """Whether there is an admin key, as far as is known; without one, there is no Admin API."""
        return self._live.current.has_admin_keys or not self._live.has_state

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a request whose ``raw_path`` is a `local_path`."""
        begun = self._clock.perf_counter()
        request_id = make_request_id()
        operation, key_id = _OTHER, None
        headers: list[Header] = []
        try:
            if self._routes is None:
                self._routes = await run_sync(_all_routes)
            endpoint, ids = self._routes.find(scope["method"], below_root(scope["raw_path"]))
            operation = endpoint.operation
            done = await self._do(endpoint, ids, scope, receive)
            status, body, key_id = done.status, done.body, done.by.id
            headers += done.headers
            headers.append((b"anthropic-organization-id", self._live.current.organization_id.encode()))
        except AdminError as error:
            if error.code is Code.STORAGE:
                _log.error("%s %s failed: %s", request_id, operation, error.__cause__)
            status, body = error.status, error.body(request_id)
            headers += error.all_headers()
        except Exception:  # whatever it was, the caller gets the envelope
            _log.exception("%s %s failed.", request_id, operation, extra={"request_id": request_id})
            refusal = AdminError(Code.INTERNAL, "Internal server error")
            status, body = refusal.status, refusal.body(request_id)
        sent = [(b"request-id", request_id.encode("ascii")), *COMMON_HEADERS, *headers]
        sent.append((b"content-length", b"%d" % len(body)))
        self._record(scope, operation, status, len(body), key_id, request_id, begun)
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _do(self, endpoint: Endpoint, ids: dict[str, str], scope: Scope, receive: Any) -> Done:
        """Answer a call; it is counted towards its address, and then towards its key or as a failure."""
        address = scope["client"][0] if scope.get("client") else ""
        limits = self.rate_limits
        if limits is None:
            return await self._answer(endpoint, ids, scope, receive, address)
        _refuse_limited(await limits.check_unknown(address))
        try:
            return await self._answer(endpoint, ids, scope, receive, address)
        except AdminError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                _refuse_limited(await limits.check_admin(None, address))
            raise

    async def _answer(
        self, endpoint: Endpoint, ids: dict[str, str], scope: Scope, receive: Any, address: str
    ) -> Done:
        now, state, limits = self._clock.now(), self._live.current, self.rate_limits
        head = read_head(scope["headers"])
        admission = KeyAdmission(head.secrets)
        admission.check_form(state)
        body = b""
        if endpoint.body is not None:
            by: Administrator = await self._on_thread(self._worker.authenticate, endpoint, admission, now, state)
            if limits is not None:
                _refuse_limited(await limits.check_admin(by.id, address))
            body = await self._read(receive)
        wanted = Wanted(
            endpoint=endpoint,
            ids=ids,
            query=read_query(endpoint, scope["query_string"]),
            body=await self._off_loop(body, read_body, endpoint, head.content_type, body),
            admission=admission,
            head=head,
            digest=await self._off_loop(
                body, digest_of, scope["method"], scope["raw_path"], scope["query_string"], body
            ),
            now=now,
            state=state,
            private=self._private,
            guard=self._guard,
        )
        done: Done = await self._on_thread(self._work_of(endpoint), wanted, limiter=self._limiter_of(wanted))
        if limits is not None and endpoint.body is None:
            _refuse_limited(await limits.check_admin(done.by.id, address))
        return done

    async def _read(self, receive: Any) -> bytes:
        """The whole body; AdminError if it is too large, or takes too long: no other part waits for it."""
        try:
            with fail_after(self._body_seconds):
                return await read_whole(receive, MAX_ADMIN_BODY_BYTES)
        except TimeoutError:
            raise AdminError(Code.INVALID_REQUEST, "The body took too long to arrive.") from None
        except BodyTooLargeError:
            raise AdminError(
                Code.TOO_LARGE, f"The body may have {MAX_ADMIN_BODY_BYTES:,} bytes; send less at a time."
            ) from None
        except BodyError:
            raise AdminError(Code.INVALID_REQUEST, "The body did not arrive.") from None

    async def _off_loop(self, body: bytes, work: Any, *arguments: Any) -> Any:
        """What ``work`` returns, on a thread if ``body`` is large, as lists wait meanwhile."""
        if len(body) <= _MAX_PROMPT_BYTES:
            return work(*arguments)
        return await self._on_thread(giving_way()(work), *arguments)

    def _work_of(self, endpoint: Endpoint) -> Callable[[Wanted], Done]:
        if endpoint.run is not None:
            return self._worker.run
        return self._worker.change if endpoint.changes else self._worker.read

    def _limiter_of(self, wanted: Wanted) -> CapacityLimiter:
        is_long = wanted.endpoint.run is not None or getattr(wanted.query, "as_of", None) is not None
        return self._long_threads if is_long else self._threads

    async def _on_thread(self, work: Any, *arguments: Any, limiter: CapacityLimiter | None = None) -> Any:
        if self._waiting >= MAX_WAITING_REQUESTS:
            raise AdminError(Code.OVERLOADED, "Too many requests of the Admin API are under way; try again.")
        self._waiting += 1
        try:
            return await run_sync(work, *arguments, limiter=limiter or self._threads)
        finally:
            self._waiting -= 1

    def _record(
        self,
        scope: Scope,
        operation: str,
        status: int,
        length: int,
        key_id: str | None,
        request_id: str,
        begun: float,
    ) -> None:
        self.metrics.count(operation, status)
        if self._log is not None:
            line = LoggedResponse(scope["method"], scope["raw_path"], scope["query_string"], status, length, key_id)
            client = scope["client"][0] if scope.get("client") else ""
            self._log.add(line, request_id.encode("ascii"), self._clock.perf_counter() - begun, client)


def _all_routes() -> Routes:
    """Every call; most servers are never asked for one, and to import them takes a third of a start."""
    from callsheet.http.admin.endpoints import ENDPOINTS

    return Routes(ENDPOINTS)


def below_root(path: bytes) -> bytes:
    """Return what of ``path`` is below ``/v1/organizations``, in any of its accepted spellings."""
    found = ADMIN_PATH.match(path)
    return path if found is None else path[found.end() :]


def _refuse_limited(error: RateLimitError | None) -> None:
    if error is not None:
        raise AdminError(
            Code.RATE_LIMITED, error.message, headers=[(b"retry-after", b"%d" % (error.retry_after or 1))]
        )
