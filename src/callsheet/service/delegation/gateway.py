"""Gateway: sends questions about keys, and returns the pages of the list that comes back, within limits.

The client of the sources' runs has threads; this one is for the event loop. Both trust the same certificates and
proxies, follow no redirect, and keep no cookie: what a gateway set for one credential would go along with another.
Preparing a request as httpx2's client does takes longer than sending it, so requests go to a transport
as they are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, NamedTuple, TypeVar
from urllib.request import getproxies

import httpx2
from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from callsheet._version import __version__
from callsheet.api.client_kind import ANY_CLIENT
from callsheet.client.http_client import open_client
from callsheet.domain.errors import SettingsError, SourceError
from callsheet.http1.transport import HTTP1Transport
from callsheet.service.delegation.asked_by import ASKED_BY
from callsheet.service.delegation.key_source import KeySource
from callsheet.service.delegation.limits import QuestionLimits
from callsheet.service.sync.failures import explain, late, redirected, same_installation, too_large, too_long
from callsheet.service.sync.loop import ORGANIZATION
from callsheet.service.sync.trust import trust
from callsheet.sources.address import address_of
from callsheet.sources.upstream import Answer, Request

_USER_AGENT: Final = f"callsheet/{__version__} (keys)"

#: Servers often end idle connections after 5 s, and an end that crosses a question fails it.
_IDLE_SECONDS: Final = 4.0

#: Names of proxies that the environment may give.
_PROXIES: Final = frozenset({"http", "https", "all"})

#: Bodies up to this size are worked on at once; a larger one would hold up the event loop.
_MAX_PROMPT_BYTES: Final = 16 << 10

_MAX_DRAINED_BYTES: Final = 64 << 10

#: Addresses that are remembered; a gateway has one, or one for each page of its list.
_MAX_ADDRESSES: Final = 64

#: What requests have for a body.
_NOTHING: Final = httpx2.ByteStream(b"")

#: Brackets that a row may open; the capabilities in one of Anthropic's lists take about 30.
_MAX_BRACKETS_PER_ROW: Final = 40

_ASKED_BY: Final = ASKED_BY.decode()

_FIRST_REDIRECT: Final = 300
_FIRST_ERROR: Final = 400
_OK: Final = 200

#: What refuses a credential. Gateways also say so with 400 and 402: no such key, expired, over its budget.
_REFUSALS: Final = frozenset({400, 401, 402, 403})
#: What refuses it whatever else could be asked.
_FINAL_REFUSALS: Final = frozenset({401, 403})

T = TypeVar("T")


class RefusedError(Exception):
    """The gateway does not accept the credential.

    Parameters
    ----------
    status
        What it answered with.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


class LoopError(SourceError):
    """The gateway is this installation itself."""


class _Sender(NamedTuple):
    """What sends requests as they are, and returns each answer once its head is there."""

    send: Callable[[httpx2.Request], Awaitable[httpx2.Response]]
    close: Callable[[], Awaitable[None]]


class Gateway:
    """Asks gateways, from one event loop.

    Parameters
    ----------
    limits
        What questions may take.
    """

    def __init__(self, limits: QuestionLimits) -> None:
        self._limits = limits
        self._sender: _Sender | None = None
        seconds = limits.question_seconds
        timeout = httpx2.Timeout(seconds, connect=min(limits.connect_seconds, seconds))
        self._extensions = {"timeout": timeout.as_dict()}
        self._opening = asyncio.Lock()
        self._one = CapacityLimiter(1)

    async def close(self) -> None:
        """Close all connections; a later question opens others."""
        sender, self._sender = self._sender, None
        if sender is not None:
            await sender.close()

    async def fetch(
        self,
        source: KeySource,
        headers: Mapping[str, str],
        organization_id: str,
        asked_by: str,
        client: bytes = ANY_CLIENT,
    ) -> tuple[Answer, ...]:
        """Return the pages of the list that the gateway has for a credential.

        Parameters
        ----------
        source
            The gateway.
        headers
            Those that carry the credential.
        organization_id
            Of this installation.
        asked_by
            The value of `ASKED_BY`.
        client
            Which client asks here.

        Raises
        ------
        RefusedError
            The gateway does not accept the credential.
        SourceError
            It cannot be reached, or its answer is not a list of its kind; the sentence may hold what it sent.
        """
        asked, answers, size = source.key_list(client), list[Answer](), 0
        while pending := await self.work(size, partial(asked.requests, source.options, tuple(answers))):
            for request in pending:
                sent = {**request.headers, **headers, _ASKED_BY: asked_by}
                answer = await self._ask(source.url, request, sent, self._limits.max_bytes - size)
                if organization_id and answer.headers.get(ORGANIZATION) == organization_id:
                    raise LoopError(str(same_installation(source.url)))
                if answer.status in _FINAL_REFUSALS:
                    raise RefusedError(answer.status)
                size += len(answer.body)
                answers.append(answer)
        status = answers[-1].status
        if status in _REFUSALS:
            raise RefusedError(status)
        if status != _OK:
            raise SourceError(
                f"{source.url} answers a question about a key with {status}; check the URL and the kind."
            )
        return tuple(answers)

    async def work(self, size: int, do: Callable[[], T]) -> T:
        """Return what ``do`` returns, which works on ``size`` bytes: on a thread if those are many."""
        if size <= _MAX_PROMPT_BYTES:
            return do()
        return await run_sync(do, limiter=self._one)

    async def _ask(self, url: str, request: Request, headers: Mapping[str, str], max_bytes: int) -> Answer:
        """Send one request; once more if a kept connection turns out to have ended."""
        try:
            try:
                return await self._send(url, request, headers, max_bytes)
            except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
                return await self._send(url, request, headers, max_bytes)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise explain(url, error, lambda: late(url, self._limits.question_seconds)) from None

    async def _send(self, url: str, request: Request, headers: Mapping[str, str], max_bytes: int) -> Answer:
        sender = self._sender or await self._open()
        where = _where(url, request.path)
        sent = {
            "host": where.netloc.decode("ascii"),
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "user-agent": _USER_AGENT,
            **headers,
        }
        response = await sender.send(
            httpx2.Request(request.method, where, headers=sent, stream=_NOTHING, extensions=self._extensions)
        )
        try:
            status = response.status_code
            if _FIRST_REDIRECT <= status < _FIRST_ERROR:
                raise redirected(url, str(where), response.headers.get("location", ""))
            body = await self._read(url, response, max_bytes) if status == _OK else await _drain(response)
            named = {name.lower(): value for name, value in response.headers.items()}
            return Answer(request, status, named, body)
        finally:
            await response.aclose()

    async def _read(self, url: str, response: httpx2.Response, max_bytes: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        is_coded = "content-encoding" in response.headers
        arriving: Any = response.aiter_bytes() if is_coded else response.stream  # the same, in half the time
        async for piece in arriving:
            size += len(piece)
            if max(size, response.num_bytes_downloaded) > max_bytes:
                pieces.clear()
                raise too_large(url, self._limits.max_bytes)
            pieces.append(piece)
        body = b"".join(pieces)
        if sum(map(body.count, (b"{", b"["))) > self._limits.max_rows * _MAX_BRACKETS_PER_ROW:
            raise too_long(url, self._limits.max_rows)  # before all of them are in memory
        return body

    async def _open(self) -> _Sender:
        async with self._opening:
            if self._sender is None:
                options = await run_sync(trust)
                self._sender = _open_sender(self._limits, options)
            return self._sender


@lru_cache(maxsize=_MAX_ADDRESSES)
def _where(url: str, path: str) -> httpx2.URL:
    return httpx2.URL(address_of(url, path))


async def _drain(response: httpx2.Response) -> bytes:
    """Read what is not looked at, so that the connection can be kept; a long one is not worth it."""
    async for _ in response.aiter_raw():
        if response.num_bytes_downloaded > _MAX_DRAINED_BYTES:
            break
    return b""


def _open_sender(limits: QuestionLimits, options: Mapping[str, Any]) -> _Sender:
    most = limits.max_questions
    if "verify" in options and _PROXIES.isdisjoint(getproxies()):  # else httpx2's own transport is needed
        connect_seconds = min(limits.connect_seconds, limits.question_seconds)
        transport = HTTP1Transport(options["verify"], connect_seconds, _IDLE_SECONDS)
        return _Sender(transport.handle_async_request, transport.aclose)
    try:
        client = open_client(
            httpx2.AsyncClient,
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            limits=httpx2.Limits(
                max_connections=most, max_keepalive_connections=most, keepalive_expiry=_IDLE_SECONDS
            ),
            **options,
        )
    except SettingsError as error:
        raise SourceError(str(error)) from None
    return _Sender(partial(client.send, stream=True), client.aclose)
