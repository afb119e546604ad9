"""Gateway: sends questions about keys, and returns the pages of the list that comes back, within limits.

The client of the sources' runs has threads; this one is for the event loop. Both trust the same certificates and
proxies, follow no redirect, and keep no cookie: what a gateway set for one credential would go along with another.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Final, TypeVar
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


class Gateway:
    """Asks gateways, from one event loop.

    Parameters
    ----------
    limits
        What questions may take.
    """

    def __init__(self, limits: QuestionLimits) -> None:
        self._limits = limits
        self._client: httpx2.AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._one = CapacityLimiter(1)

    async def close(self) -> None:
        """Close all connections; a later question opens others."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

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
        where = address_of(url, request.path)
        try:
            try:
                return await self._send(url, where, request, headers, max_bytes)
            except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
                return await self._send(url, where, request, headers, max_bytes)
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            raise explain(url, error, lambda: late(url, self._limits.question_seconds)) from None

    async def _send(
        self, url: str, where: str, request: Request, headers: Mapping[str, str], max_bytes: int
    ) -> Answer:
        client = self._client or await self._open()
        sent = {
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "user-agent": _USER_AGENT,
            **headers,
        }
        async with client.stream(request.method, where, headers=sent) as response:
            status = response.status_code
            if _FIRST_REDIRECT <= status < _FIRST_ERROR:
                raise redirected(url, where, response.headers.get("location", ""))
            body = await self._read(url, response, max_bytes) if status == _OK else await _drain(response)
            named = {name.lower(): value for name, value in response.headers.items()}
            return Answer(request, status, named, body)

    async def _read(self, url: str, response: httpx2.Response, max_bytes: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        async for piece in response.aiter_bytes():
            size += len(piece)
            if max(size, response.num_bytes_downloaded) > max_bytes:
                pieces.clear()
                raise too_large(url, self._limits.max_bytes)
            pieces.append(piece)
        body = b"".join(pieces)
        if sum(map(body.count, (b"{", b"["))) > self._limits.max_rows * _MAX_BRACKETS_PER_ROW:
            raise too_long(url, self._limits.max_rows)  # before all of them are in memory
        return body

    async def _open(self) -> httpx2.AsyncClient:
        async with self._opening:
            if self._client is None:
                options = await run_sync(trust)
                self._client = _open_client(self._limits, options)
            return self._client


async def _drain(response: httpx2.Response) -> bytes:
    """Read what is not looked at, so that the connection can be kept; a long one is not worth it."""
    async for _ in response.aiter_raw():
        if response.num_bytes_downloaded > _MAX_DRAINED_BYTES:
            break
    return b""


def _open_client(limits: QuestionLimits, options: Mapping[str, Any]) -> httpx2.AsyncClient:
    most = limits.max_questions
    seconds = limits.question_seconds
    if "verify" in options and _PROXIES.isdisjoint(getproxies()):  # else httpx2's own transport is needed
        connect_seconds = min(limits.connect_seconds, seconds)
        options = {"transport": HTTP1Transport(options["verify"], connect_seconds, _IDLE_SECONDS)}
    try:
        client = open_client(
            httpx2.AsyncClient,
            timeout=httpx2.Timeout(seconds, connect=min(limits.connect_seconds, seconds)),
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            limits=httpx2.Limits(
                max_connections=most, max_keepalive_connections=most, keepalive_expiry=_IDLE_SECONDS
            ),
            **options,
        )
    except SettingsError as error:
        raise SourceError(str(error)) from None
    client.headers.clear()
    return client
