"""Console: the ASGI application that answers ``/console`` and what is below it."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from anyio import CapacityLimiter, fail_after
from anyio.to_thread import run_sync

from callsheet.domain.access.session import Session
from callsheet.domain.errors import RateLimitError, StorageError
from callsheet.http.admin.doing import Worker
from callsheet.http.admin.metrics import AdminMetrics
from callsheet.http.bodies import BodyError, BodyTooLargeError, read_whole
from callsheet.http.console.address import Address
from callsheet.http.console.all_routes import ROUTES
from callsheet.http.console.asking import Asking, read_asking
from callsheet.http.console.calls import Calls
from callsheet.http.console.done import revision_in
from callsheet.http.console.frame import Frame
from callsheet.http.console.long_calls import MAX_LONG_CALLS, LongCalls
from callsheet.http.console.preparing import Preparation
from callsheet.http.console.proxy_users import ProxyUsers
from callsheet.http.console.recognising import Recognised, Stranger, recognise
from callsheet.http.console.response import Response
from callsheet.http.console.session_admission import SessionAdmission
from callsheet.http.console.session_cookie import token_in
from callsheet.http.console.static_files import serve_static
from callsheet.http.logs.access_line import LoggedResponse
from callsheet.http.logs.writer import AccessLog
from callsheet.http.paths import MAX_FORM_BYTES, Scope
from callsheet.http.request_id import make_request_id
from callsheet.service.admin.sessions import SessionService
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.giving_way import giving_way
from callsheet.service.state.live import LiveState
from callsheet.service.sync.guard import UpstreamGuard

if TYPE_CHECKING:
    from callsheet.http.ratelimit.limiter import RateLimits

T = TypeVar("T")

_log = logging.getLogger("callsheet")

#: Pages that are made at a time, and requests that may wait for that.
MAX_THREADS: Final = 4
MAX_WAITING_REQUESTS: Final = 200

_BODY_TIMEOUT_SECONDS: Final = 10.0
_METHODS: Final = ("GET", "HEAD", "POST")

#: What metrics call every request of the console.
_OPERATION: Final = "console"

_PLAIN: Final = "text/plain; charset=utf-8"
_TOO_LARGE: Final = f"A form may have at most {MAX_FORM_BYTES:,} bytes; send less at a time.\n".encode()
_RETRY: Final = ((b"retry-after", b"1"),)


class Console:
    """Answers each request on a thread.

    Parameters
    ----------
    live
        Holds the State, and knows the database.
    log
        Where a line for each answer goes; None for no log.
    clock
        Where the time comes from.
    prefix
        Of the addresses that browsers use, before ``/console``.
    private, guard
        As for `AdminAPI`.
    metrics
        Counts the answers.
    users
        Whom authenticating proxies name; None if none is believed.
    models_port
        Of the Models API, if that is served on another port than the console.
    """

    def __init__(
        self,
        live: LiveState,
        log: AccessLog | None = None,
        clock: Clock = SYSTEM_CLOCK,
        prefix: str = "",
        private: Sequence[str] = (),
        guard: UpstreamGuard | None = None,
        metrics: AdminMetrics | None = None,
        users: ProxyUsers | None = None,
        models_port: int | None = None,
    ) -> None:
        self._live = live
        self._log = log
        self._clock = clock
        self._prefix = prefix
        self._private = private
        self._guard = guard or UpstreamGuard()
        self._metrics = metrics or AdminMetrics()
        self._users = users
        self._models_port = models_port
        self._worker = Worker(live.store)
        self._sessions = SessionService(live.store, clock.now)
        self._threads = CapacityLimiter(MAX_THREADS)
        self._under_way = 0
        self._preparation = Preparation(live, clock)
        self._long_threads = CapacityLimiter(MAX_LONG_CALLS)
        self.long_calls = LongCalls()
        self.rate_limits: RateLimits | None = None
        """Refuses addresses that fail to sign in too often; None for no limits."""

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer a request whose ``raw_path`` is a `local_path`."""
        begun, request_id = self._clock.perf_counter(), make_request_id()
        self._preparation.begin()
        session: Session | None = None
        asking = read_asking(scope)
        if self._users is not None:
            asking = replace(asking, user=self._users.name_in(scope))
        try:
            response, session = await self._respond(scope, receive, asking, request_id)
        except Exception:  # whatever it was, the browser gets a page
            _log.exception("%s console failed.", request_id, extra={"request_id": request_id})
            response = self._frame(scope).broken(request_id)
        body = b"" if asking.method == "HEAD" else response.body
        self._record(scope, asking, response, session, request_id, begun)
        headers = [(b"request-id", request_id.encode("ascii")), *response.all_headers()]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _respond(
        self, scope: Scope, receive: Any, asking: Asking, request_id: str
    ) -> tuple[Response, Session | None]:
        """Return the answer to a request, and the session of who sends it."""
        found = serve_static(asking) if asking.method in ("GET", "HEAD") else None
        if found is not None:
            return found, None
        if asking.method not in _METHODS:
            return Response(405, b"Send GET or POST.\n", _PLAIN, ((b"allow", b"GET, HEAD, POST"),)), None
        frame = self._frame(scope)
        who = await self._recognise(frame, asking, request_id)
        if isinstance(who, Response):
            return who, None
        session = who.session if isinstance(who, Recognised) else None
        address = scope["client"][0] if scope.get("client") else ""
        limited = await self._limit(asking, who, address)
        if limited is not None:
            return limited, session
        if asking.is_sent:
            body = await _read_form(receive)
            if isinstance(body, Response):
                return body, session
            asking = replace(asking, body=body)
        response = await self._answer(frame, asking, who, request_id)
        if response.status == 401 and asking.is_signing_in and self.rate_limits is not None:
            await self.rate_limits.check_admin(None, address)
        return response, session

    async def _recognise(self, frame: Frame, asking: Asking, request_id: str) -> Recognised | Stranger | Response:
        """Return who sends a request, or the answer if that cannot be found out."""
        if asking.user is None and token_in(asking) is None:
            return Stranger(has_guessed=False)
        find = partial(recognise, self._sessions, self._users, asking)
        return await self._on_thread(self._threads, frame, request_id, find)

    async def _answer(self, frame: Frame, asking: Asking, who: Recognised | Stranger, request_id: str) -> Response:
        """Return the answer to a request of which all is known."""
        is_long = asking.is_sent and ROUTES.is_long(asking.path)
        limiter = self._long_threads if is_long else self._threads
        answer = partial(frame.answer, asking, who, partial(self._calls_of, asking))
        return await self._on_thread(
            limiter, frame, request_id, lambda: answer().encoded(gzip_accepted=asking.accepts_gzip)
        )

    async def _on_thread(
        self, limiter: CapacityLimiter, frame: Frame, request_id: str, work: Callable[[], T]
    ) -> T | Response:
        """Do what needs the database; return the outcome, or the answer if too many wait or it is away."""
        if self._under_way >= MAX_THREADS + MAX_WAITING_REQUESTS:
            return Response(503, b"Too many requests are waiting; try again in a moment.\n", _PLAIN, _RETRY)

        def do() -> T | Response:
            with giving_way():
                try:
                    return work()
                except StorageError as error:
                    _log.error("%s console failed: %s", request_id, error)
                    return frame.unavailable(error)

        self._under_way += 1
        try:
            return await run_sync(do, limiter=limiter)
        finally:
            self._under_way -= 1

    async def _limit(self, asking: Asking, who: Recognised | Stranger, address: str) -> Response | None:
        """Count requests of those who are not signed in, and attempts to sign in; return the refusal, if any.

        People who are signed in are not held up by what others at their address guess.
        """
        limits = self.rate_limits
        if limits is None or (isinstance(who, Recognised) and not asking.is_signing_in):
            return None
        refused = await limits.check_unknown(address)
        if refused is None and isinstance(who, Stranger) and who.has_guessed:
            refused = await limits.check_admin(None, address)
        return None if refused is None else _limited(refused)

    def _frame(self, scope: Scope) -> Frame:
        address = Address(scope.get("root_path", "") or self._prefix, self._models_port)
        return Frame(self._sessions, ROUTES, address)

    def _calls_of(self, asking: Asking, session: Session) -> Calls:
        made = revision_in(asking.query)
        if made is not None and made > self._live.current.revision:  # the page behind a change must show it
            self._live.refresh()
        return Calls(
            worker=self._worker,
            admission=SessionAdmission(session.fingerprint),
            now=self._clock.now(),
            state=self._live.current,
            guard=self._guard,
            long=self.long_calls,
            private=self._private,
        )

    def _record(
        self,
        scope: Scope,
        asking: Asking,
        response: Response,
        session: Session | None,
        request_id: str,
        begun: float,
    ) -> None:
        self._metrics.count(_OPERATION, response.status)
        if self._log is None:
            return
        may_hold_token = "link" in asking.query or asking.path.startswith(b"/sign-in")  # of a sign-in link
        query = b"" if may_hold_token else scope["query_string"]
        line = LoggedResponse(
            scope["method"],
            scope["raw_path"],
            query,
            response.status,
            len(response.body),
            None if session is None else session.id,
        )
        client = scope["client"][0] if scope.get("client") else ""
        self._log.add(line, request_id.encode("ascii"), self._clock.perf_counter() - begun, client)


def _limited(error: RateLimitError) -> Response:
    headers = ((b"retry-after", b"%d" % (error.retry_after or 1)),)
    return Response(429, f"{error.message}\n".encode(), _PLAIN, headers)


async def _read_form(receive: Any) -> bytes | Response:
    """The body of a form, or what is answered to one that cannot be read."""
    try:
        with fail_after(_BODY_TIMEOUT_SECONDS):
            return await read_whole(receive, MAX_FORM_BYTES)
    except TimeoutError:
        return Response(408, b"The form took too long to arrive; send it again.\n", _PLAIN)
    except BodyTooLargeError:
        return Response(413, _TOO_LARGE, _PLAIN)
    except BodyError:
        return Response(400, b"The form did not arrive whole; send it again.\n", _PLAIN)
