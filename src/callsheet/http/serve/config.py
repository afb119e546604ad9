"""uvicorn's configuration, with what Callsheet's protocols need beside it."""

import logging
import sys
from typing import Any, Final

import uvicorn

from callsheet.http.app import CallsheetApp
from callsheet.http.connection.config import ConnectionConfig
from callsheet.http.connection.fast_path import FastPath
from callsheet.http.connection.fast_protocol import FastProtocol
from callsheet.http.connection.forwarded import ForwardedClients
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.connection.open_files import connections_allowed
from callsheet.http.connection.protocol import EnvelopeProtocol
from callsheet.http.connection.sweep import Sweep
from callsheet.http.metrics.families import Figures, Series
from callsheet.http.serve.stopping import Stopping

_log = logging.getLogger("callsheet")

#: The releases of uvicorn that the protocols are tested with: from the first, up to but without the second.
TESTED_UVICORN: Final = ((0, 54), (0, 55))

#: By which the time of day may fall behind the monotonic clock between two sweeps without having been set back.
_MAX_DRIFT_SECONDS: Final = 1.0


class ServerConfig(ConnectionConfig):
    """Picklable: uvicorn sends it to its worker processes.

    Parameters
    ----------
    app
        A `CallsheetApp`, or with ``factory=True`` a function that returns one.
    limits
        What callers may take.
    fast
        Answer the public API without ASGI.
    memo_bytes
        Maximum size of the response cache: requests and their answers.
    drain_seconds
        How long to go on answering after a stop was asked for; None leaves the signals to uvicorn.
    is_worker
        Whether another process watches over this one, and handles a second signal.
    """

    def __init__(
        self,
        app: Any,
        *,
        limits: ConnectionLimits,
        fast: bool = True,
        memo_bytes: int = 32 * 2**20,
        drain_seconds: float | None = None,
        is_worker: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(
            app, limits=limits, http=_protocol(fast), callback_notify=self._sweep, timeout_notify=0, **options
        )
        self._memo_bytes = memo_bytes
        self._hour = 0
        self._drain_seconds = drain_seconds
        self._is_worker = is_worker

    def load(self) -> None:
        """Load the app and connect it to this server; limit connections to what the process may open."""
        super().load()
        app = self._callsheet()
        self._forward = app.forward
        self._time_ahead = app.clock.time() - app.clock.monotonic()
        beside = 0 if self._forward is None else self._forward.max_files
        self.limits = self.limits._replace(max_connections=connections_allowed(self.limits.max_connections, beside))
        self.sweep = Sweep(self.limits.max_connections)
        if self._forward is not None:
            self.is_forwarded = self._forward.forwards
        if self._drain_seconds is not None:
            stopping = Stopping(self.drain, self._drain_seconds, is_worker=self._is_worker)
            app.on_serving = stopping.take_over
        app.public.unread = self.unread
        telemetry = app.telemetry
        telemetry.connections = self._count_connections
        if telemetry.traces and self.http_protocol_class is FastProtocol:
            self.http_protocol_class = EnvelopeProtocol  # a span needs headers that the fast path never reads
        if self.http_protocol_class is FastProtocol:
            self.fast_path = FastPath(
                app.live,
                app.public,
                app.observer,
                self.limits,
                self._memo_bytes,
                self.unread,
                rate_limits=app.rate_limits,
                clients=ForwardedClients(self.forwarded_allow_ips) if self.proxy_headers else None,
                prefix=app.prefix,
                clock=app.clock,
            )
            self.fast_path.cache.on_caller = app.uses.note

    def drain(self) -> None:
        """Send callers elsewhere: ``/readyz`` is 503, and every answer is the last on its connection."""
        self._callsheet().readiness.is_stopping = True
        self.encoded_headers.append((b"connection", b"close"))  # uvicorn uses it within a second
        self.limit_concurrency = sys.maxsize  # with any limit, requests are left to uvicorn, which closes
        for connection in self.connections:
            connection.limit_concurrency = sys.maxsize

    def _count_connections(self) -> Figures:
        """Return how many are open, and how many were dropped; callable from any thread."""
        open_now: Figures = {
            Series("callsheet_connections"): len(self.connections),
            Series("callsheet_unread_bytes"): self.unread.total,
            Series("callsheet_unread_refusals_total"): self.unread.refused,
        }
        return open_now | {
            Series("callsheet_connections_dropped_total", (("reason", str(reason)),)): count
            for reason, count in self.sweep.dropped.items()
        }

    async def _sweep(self) -> None:
        """End connections that wait too long, and empty stale caches; uvicorn calls this once a second."""
        await self.sweep.run(self.connections)
        self.unread.warn(self._callsheet().clock.monotonic())
        self._notice_clock()
        hour = self._callsheet().uses.turn()
        if hour != self._hour:  # the uses of callers that are known are noted only once
            self._hour = hour
            self._forget_answers()
        self._callsheet().public.drop_stale()
        if self._forward is not None:
            self._forward.drop_idle()
        if self.http_protocol_class is FastProtocol:
            self.fast_path.drop_stale()

    def _notice_clock(self) -> None:
        """Ask about the keys of a gateway again if the machine's clock was set back, as they would last longer."""
        app = self._callsheet()
        ahead = app.clock.time() - app.clock.monotonic()
        if ahead < self._time_ahead - _MAX_DRIFT_SECONDS and app.live.current.grants.is_active:
            app.live.current.grants.expire_all(app.clock.time())
            self._forget_answers()
        self._time_ahead = ahead

    def _forget_answers(self) -> None:
        self._callsheet().public.forget_answers()
        if self.http_protocol_class is FastProtocol:
            self.fast_path.forget_answers()

    def _callsheet(self) -> CallsheetApp:
        app: Any = self.loaded_app
        while not isinstance(app, CallsheetApp):  # uvicorn wraps it in its middleware
            app = app.app
        return app


def _protocol(fast: bool) -> Any:
    version = tuple(int(part) for part in uvicorn.__version__.split(".")[:2])
    if not TESTED_UVICORN[0] <= version < TESTED_UVICORN[1]:
        _log.warning("uvicorn %s is not a tested release; answering through ASGI alone.", uvicorn.__version__)
        return "httptools"
    return FastProtocol if fast else EnvelopeProtocol
