"""Player: plays requests over HTTP, and counts what they cost."""

import asyncio
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, NoReturn, Self

import httpx2

from callsheet.client.http_client import open_client
from callsheet.doctor.probe.exchange import KEY, Answer, Ask, Exchange, FailureKind, shortened
from callsheet.doctor.probe.target import Target

#: Requests that one examination may send.
MAX_REQUESTS: Final = 200

#: Bytes of a body, decoded, that are read; and of all bodies of one examination.
MAX_BODY: Final = 64 << 20
MAX_BYTES: Final = 512 << 20

#: Seconds for a whole examination.
MAX_SECONDS: Final = 300.0

#: Seconds that a server which limits the rate may ask to wait for.
MAX_WAIT: Final = 60

#: Answers that may fail to come in time before the server is left alone.
MAX_TIMEOUTS: Final = 3

_RATE_LIMITED: Final = 429

_LONG_TARGET: Final = 60  # characters that are told


class ExhaustedError(Exception):
    """No further request may be sent; ``str(error)`` says why."""


@dataclass
class Budget:
    """What is left to spend on a server.

    Parameters
    ----------
    closed
        Why nothing more is spent, whatever is left; empty as long as that is not so.
    """

    requests: int = MAX_REQUESTS
    seconds: float = MAX_SECONDS
    body_bytes: int = MAX_BYTES
    timeouts: int = MAX_TIMEOUTS
    closed: str = ""

    def spend(self, seconds: float) -> None:
        """Take one request, and the time since the last one, off.

        Raises
        ------
        ExhaustedError
            There is none left.
        """
        self.seconds -= seconds
        if reason := self.closed or self._reason_to_close():
            self.close(reason)
        self.requests -= 1

    def close(self, reason: str) -> NoReturn:
        """Let nothing more be spent.

        Raises
        ------
        ExhaustedError
            Always, with the ``reason``.
        """
        self.closed = reason
        raise ExhaustedError(reason)

    def _reason_to_close(self) -> str:
        if self.requests <= 0:
            return "the limit of requests was reached"
        if self.seconds <= 0:
            return "the server took too long in all"
        if self.body_bytes <= 0:
            return "the server sent too much in all"
        return "the server left too many requests without an answer" if self.timeouts <= 0 else ""


class Player:
    """Plays requests against one server, one after the other, on connections that stay open.

    No redirect is followed, no cookie is kept, and environment variables are honoured for proxies and
    certificates only.

    Parameters
    ----------
    key
        Put wherever a request says `KEY`.
    patience
        Seconds for one whole answer, not only for the silences in it.
    values
        What is put in the place of a header's value that is a name in this mapping.
    """

    def __init__(
        self,
        target: Target,
        key: str,
        patience: float,
        budget: Budget | None = None,
        values: Mapping[str, str] | None = None,
    ) -> None:
        self.target = target
        self.budget = budget or Budget()
        self._key = key
        self._values = values or {}
        self._patience = min(patience, MAX_SECONDS)
        # No time limit of its own: it is _ask that gives up.
        self._client = open_client(httpx2.AsyncClient, timeout=None, follow_redirects=False)
        self._runner = asyncio.Runner()
        self._client.headers.clear()  # each request brings its own
        self._began = time.perf_counter()
        self._last: Ask | None = None
        self._bodies: dict[bytes, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def play(self, ask: Ask) -> Exchange:
        """Send ``ask`` and return what became of it; failures are values, too. A 429 is waited out.

        Raises
        ------
        ExhaustedError
            The budget is spent, or the server is there no more.
        """
        exchange = self._play(ask)
        self._last = ask
        if exchange.failure is FailureKind.PROTOCOL:  # it may have let go of a connection at this very moment
            exchange = self._play(ask)
        while exchange.status == _RATE_LIMITED:
            self._wait(exchange.header("retry-after") or "")
            exchange = self._play(ask)
        return exchange

    def _play(self, ask: Ask) -> Exchange:
        now = time.perf_counter()
        self.budget.spend(now - self._began)
        self._began = now
        exchange = self._runner.run(self._ask(ask))
        if exchange.failure is FailureKind.CONNECTION and self._last is not None:
            target = shortened(self._last.target, _LONG_TARGET)
            self.budget.close(f"the server is gone since it was asked for {self._last.method} {target}")
        self.budget.timeouts -= exchange.failure is FailureKind.TIMEOUT
        return exchange

    def _wait(self, seconds: str) -> None:
        if not (seconds.isdecimal() and int(seconds) <= MAX_WAIT):
            self.budget.close("the server limits the rate of requests")
        self._runner.run(asyncio.sleep(int(seconds)))

    async def _ask(self, ask: Ask) -> Exchange:
        began = time.perf_counter()
        answer, failure, why = None, None, ""
        try:
            async with asyncio.timeout(self._patience):
                answer = await self._send(ask)
        except TimeoutError:
            failure, why = FailureKind.TIMEOUT, f"did not answer within {self._patience:g} s"
        except _TooLargeError:
            failure, why = FailureKind.TOO_LARGE, f"answered with more than {MAX_BODY >> 20} MiB"
        except (httpx2.HTTPError, UnicodeError) as error:  # the latter from looking up odd names of hosts
            failure, why = _explain(error)
        return Exchange(self.target.base_url, ask, time.perf_counter() - began, answer, failure, why)

    async def _send(self, ask: Ask) -> Answer:
        target = self.target.path(ask.target)
        asked = [(name, self._values.get(value, value.replace(KEY, self._key))) for name, value in ask.headers]
        request = self._client.build_request(ask.method, self.target.origin, headers=asked)
        request.extensions["target"] = target.encode("ascii")
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                self.budget.body_bytes -= len(chunk)
                if len(body) > MAX_BODY:
                    raise _TooLargeError
        finally:
            await response.aclose()
            self._client.cookies.clear()
        content = bytes(body)
        content = self._bodies.setdefault(content, content)  # where a limit is ignored, all pages are one
        return Answer(response.status_code, dict(response.headers.items()), content)


class _TooLargeError(Exception):
    pass


def _explain(error: Exception) -> tuple[FailureKind, str]:
    """What happened, and the rest of the sentence "The server …"."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or (cause.reason or "").replace("_", " ").lower()
            return FailureKind.TLS, f"cannot be trusted or spoken to over TLS ({reason or 'it broke off'})"
    if isinstance(error, httpx2.ConnectError | UnicodeError):
        return FailureKind.CONNECTION, "cannot be reached"
    if isinstance(error, httpx2.DecodingError):
        return FailureKind.PROTOCOL, "sent a body that cannot be decompressed"
    return FailureKind.PROTOCOL, "broke off, or did not answer in HTTP"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
