"""Sends requests to the server, one after the other, within a budget."""

import asyncio
import ssl
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

import httpx2

from callsheet.client.http_client import open_client
from callsheet.client.transport_errors import find_cause, reason
from callsheet.doctor.probe.budget import MAX_BODY_BYTES, MAX_TOTAL_SECONDS, Budget
from callsheet.doctor.probe.exchange import KEY, Exchange, FailureKind, ProbeRequest, ProbeResponse
from callsheet.doctor.probe.target import Target
from callsheet.doctor.probe.texts import shortened

#: The longest that a server which limits the rate may ask to wait.
MAX_WAIT_SECONDS: Final = 60

_RATE_LIMITED: Final = 429

_MAX_TARGET_LENGTH: Final = 60  # characters of a target in a sentence


class Sender:
    """Sends requests to one server on connections that stay open.

    No redirect is followed, no cookie is kept, and environment variables are honoured for proxies and
    certificates only.

    Parameters
    ----------
    key
        Put wherever a request has `KEY`.
    timeout
        Seconds from connecting to the last byte of a response.
    values
        The values of headers, by the placeholders that stand for them in requests.
    """

    def __init__(
        self,
        target: Target,
        key: str,
        timeout: float,
        budget: Budget | None = None,
        values: Mapping[str, str] | None = None,
    ) -> None:
        self.target = target
        self.budget = budget or Budget()
        self._key = key
        self._values = values or {}
        self._timeout = min(timeout, MAX_TOTAL_SECONDS)
        # Without a time limit, as _attempt has one for the whole response.
        self._client = open_client(httpx2.AsyncClient, timeout=None, follow_redirects=False)
        self._runner = asyncio.Runner()
        self._client.headers.clear()  # each request brings its own
        self._began = time.perf_counter()
        self._last: ProbeRequest | None = None
        self._bodies: dict[bytes, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def send(self, request: ProbeRequest) -> Exchange:
        """Send ``request`` and return its outcome, a failure too; after a 429, wait as asked and send it again.

        Raises
        ------
        BudgetExhaustedError
            The budget is spent, or the server is gone.
        """
        exchange = self._spend(request)
        self._last = request
        if exchange.failure is FailureKind.PROTOCOL:  # the server may have closed an idle connection just now
            exchange = self._spend(request)
        while exchange.status == _RATE_LIMITED:
            self._wait(exchange.header("retry-after") or "")
            exchange = self._spend(request)
        return exchange

    def pause(self, seconds: float) -> None:
        """Give the server time."""
        self._runner.run(asyncio.sleep(seconds))

    def _spend(self, request: ProbeRequest) -> Exchange:
        now = time.perf_counter()
        self.budget.spend_request(now - self._began)
        self._began = now
        exchange = self._runner.run(self._attempt(request))
        if exchange.failure is FailureKind.CONNECTION and self._last is not None:
            target = shortened(self._last.target, _MAX_TARGET_LENGTH)
            self.budget.close(f"the server is gone since it was asked for {self._last.method} {target}")
        self.budget.timeouts -= exchange.failure is FailureKind.TIMEOUT
        return exchange

    def _wait(self, seconds: str) -> None:
        if not (seconds.isdecimal() and int(seconds) <= MAX_WAIT_SECONDS):
            self.budget.close("the server limits the rate of requests")
        self._runner.run(asyncio.sleep(int(seconds)))

    async def _attempt(self, request: ProbeRequest) -> Exchange:
        began = time.perf_counter()
        response, failure, why = None, None, ""
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._transfer(request)
        except TimeoutError:
            failure, why = FailureKind.TIMEOUT, f"did not answer within {self._timeout:g} s"
        except _TooLargeError:
            failure, why = FailureKind.TOO_LARGE, f"answered with more than {MAX_BODY_BYTES >> 20} MiB"
        except (httpx2.HTTPError, UnicodeError) as error:  # the latter from looking up odd names of hosts
            failure, why = _explain(error)
        return Exchange(self.target.base_url, request, time.perf_counter() - began, response, failure, why)

    async def _transfer(self, request: ProbeRequest) -> ProbeResponse:
        headers = [(name, self._secret(value)) for name, value in request.headers]
        sent = self._client.build_request(request.method, self.target.origin, headers=headers)
        sent.extensions["target"] = self.target.path(request.target).encode("ascii")
        received = await self._client.send(sent, stream=True)
        try:
            body = bytearray()
            async for chunk in received.aiter_bytes():
                body += chunk
                self.budget.body_bytes -= len(chunk)
                if len(body) > MAX_BODY_BYTES:
                    raise _TooLargeError
        finally:
            await received.aclose()
            self._client.cookies.clear()
        content = bytes(body)
        content = self._bodies.setdefault(content, content)  # where a limit is ignored, all pages are one
        return ProbeResponse(received.status_code, dict(received.headers.items()), content)

    def _secret(self, value: str) -> str:
        """Return the value of a header with secrets in the place of their placeholders."""
        return self._values.get(value, value.replace(KEY, self._key))


class _TooLargeError(Exception):
    pass


def _explain(error: Exception) -> tuple[FailureKind, str]:
    """Return the kind of failure, and the rest of the sentence "The server …"."""
    failed = find_cause(error, ssl.SSLError)
    if failed is not None:
        return FailureKind.TLS, f"cannot be trusted or spoken to over TLS ({reason(failed)})"
    if isinstance(error, httpx2.ConnectError | UnicodeError):
        return FailureKind.CONNECTION, "cannot be reached"
    if isinstance(error, httpx2.DecodingError):
        return FailureKind.PROTOCOL, "sent a body that cannot be decompressed"
    return FailureKind.PROTOCOL, "closed the connection, or did not answer in HTTP"
