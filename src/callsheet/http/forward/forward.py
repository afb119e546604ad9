"""Forward: the ASGI application behind which the gateway is."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from uvicorn.middleware.proxy_headers import _TrustedHosts

from callsheet.api.answer import error_response
from callsheet.api.dialect import is_openai
from callsheet.api.request import Request, read_headers
from callsheet.http.forward import refusal
from callsheet.http.forward.exchange import Exchange
from callsheet.http.forward.gateway import Gateway, GatewayConnection
from callsheet.http.forward.heads import RequestHead
from callsheet.http.forward.limits import MAX_KEPT_CONNECTIONS, ForwardLimits
from callsheet.http.forward.metrics import ForwardMetrics
from callsheet.http.forward.ours import is_ours
from callsheet.http.forward.refusal import RefusedRequestError
from callsheet.http.handed_over import HANDED_OVER, ClientSide
from callsheet.http.logs.access_line import LoggedResponse
from callsheet.http.logs.writer import AccessLog
from callsheet.http.request_id import make_request_id
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.state.live import LiveState

#: What is logged as the status where the client left before there was one.
_CLIENT_CLOSED_REQUEST: Final = 499


class Forward:
    """Passes requests on to the gateway, and its answers back, without looking into either.

    Nothing is sent twice, with one exception: a request that only reads and has no body, if a connection that was
    kept from an earlier one ends before a byte of the answer has arrived.

    Parameters
    ----------
    url
        Base URL of the gateway.
    limits
        What forwarded requests may take.
    live
        Holds the State, by which it is known how clients are to be answered if the gateway does not.
    log
        Where a line goes for every request; None for no log.
    trusted_proxies
        The setting: whose account of who asks is passed on.
    prefix
        The setting ``root_path``, which is removed.
    clock
        Where the time comes from.
    """

    def __init__(
        self,
        url: str,
        limits: ForwardLimits,
        live: LiveState,
        log: AccessLog | None = None,
        *,
        trusted_proxies: Sequence[str] = (),
        prefix: str = "",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.metrics = ForwardMetrics()
        self.gateway = Gateway(url, limits)
        self._limits = limits
        self._live = live
        self._log = log
        self._trusted = _TrustedHosts(list(trusted_proxies))  # as uvicorn trusts them elsewhere
        self._prefix = prefix.encode()
        self._clock = clock
        self.stays: Callable[[bytes], bool] = lambda _path: False
        """Whether a path is answered here, beside those of the Models API: that of the Admin API."""

    @property
    def max_files(self) -> int:
        """How many files may be open for connections to the gateway."""
        return self._limits.max_requests + MAX_KEPT_CONNECTIONS

    def forwards(self, method: str, target: bytes) -> bool:
        """Return whether a request goes to the gateway.

        Parameters
        ----------
        method
            In capitals.
        target
            Path and query as sent.
        """
        if not target.startswith(b"/"):
            return False
        path = self._below(target).partition(b"?")[0].partition(b"#")[0]
        return not is_ours(method, path) and not self.stays(path)

    async def __call__(self, scope: Any, _receive: Any, send: Any) -> None:
        """Forward a request that `forwards` says yes to, over the connection in its scope."""
        begun = self._clock.perf_counter()
        client: ClientSide = scope["extensions"][HANDED_OVER]
        head = RequestHead(
            scope["method"], self._below(client.target), tuple(scope["headers"]), scope["http_version"]
        )
        request_id = make_request_id()
        try:
            head.check(self.gateway.base)
            status, length = await self._forward(head, client)
        except RefusedRequestError as error:
            self.metrics.failures[error.reason] += 1
            status, length = await self._refuse(head, request_id, error, send)
        if self._log is not None:
            path = head.target.partition(b"?")[0]
            template = self._log.template(LoggedResponse(head.method, path, b"", status, length, None))
            address = scope["client"][0] if scope["client"] else ""
            self._log.add(template, request_id.encode(), self._clock.perf_counter() - begun, address)

    async def _forward(self, head: RequestHead, client: ClientSide) -> tuple[int, int]:
        """Forward a request; return the status of the answer, and how many bytes of its body were passed on.

        Raises
        ------
        RefusedRequestError
            There is no answer, and nothing has been written to the client.
        """
        if self.metrics.open >= self._limits.max_requests:
            raise refusal.busy()
        self.metrics.open += 1
        try:
            exchange = await self._exchange(head, client)
        finally:
            self.metrics.open -= 1
        if exchange.failure is not None:
            self.metrics.failures[exchange.failure] += 1
        return _CLIENT_CLOSED_REQUEST if exchange.answer is None else exchange.answer.status, exchange.length

    async def _exchange(self, head: RequestHead, client: ClientSide) -> Exchange:
        """Carry the exchange out, over a connection that is kept if there is one."""
        address = client.address
        sent = head.write(
            self.gateway.base,
            self.gateway.authority,
            address,
            is_trusted=bool(address) and address in self._trusted,
        )
        kept = self.gateway.take_kept()
        if kept is not None:
            exchange = self._begin(head, client, kept)
            try:
                return await self._carry_out(exchange, sent)
            except RefusedRequestError:
                if exchange.has_answered or not head.may_repeat or exchange.has_timed_out:
                    raise
        connection = await self.gateway.connect()
        return await self._carry_out(self._begin(head, client, connection), sent)

    def _begin(self, head: RequestHead, client: ClientSide, connection: GatewayConnection) -> Exchange:
        return Exchange(head, client, connection, self.metrics, self._limits.idle_seconds, self._clock)

    async def _carry_out(self, exchange: Exchange, sent: bytes) -> Exchange:
        try:
            exchange.start(sent)
            if await exchange.done:
                self.gateway.keep(exchange.gateway)
        except asyncio.CancelledError:  # the server stops
            pass
        finally:
            exchange.cancel()
        return exchange

    async def _refuse(
        self, head: RequestHead, request_id: str, refused: RefusedRequestError, send: Any
    ) -> tuple[int, int]:
        """Answer a request from here, in the envelope of the caller's dialect; return status and length."""
        state = self._live.current
        path, _, query = head.target.partition(b"?")
        request = Request(head.method, path, query, head.headers, self._clock.time(), request_id)
        openai = is_openai(state, read_headers(head.headers))
        response = error_response(refused.error, request, to_openai=openai, options=state.options)
        await send({"type": "http.response.start", "status": refused.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})
        return refused.status, response.length

    def drop_idle(self) -> None:
        """Close connections to the gateway that were kept for too long."""
        self.gateway.drop_idle()

    def close(self) -> None:
        """Close all connections to the gateway that are kept."""
        self.gateway.close()

    def _below(self, target: bytes) -> bytes:
        """Return ``target`` without the prefix that requests arrive under."""
        rest = target[len(self._prefix) :]
        if self._prefix and target.startswith(self._prefix) and rest[:1] in (b"", b"/", b"?"):
            return rest if rest.startswith(b"/") else b"/" + rest
        return target
