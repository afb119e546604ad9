"""Fetch: the answers of an upstream, over HTTP or from a file, within limits; SourceError for everything else."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

import httpx2

from callsheet._version import __version__
from callsheet.client.deadline import MADE, Deadlines
from callsheet.client.http_client import open_client
from callsheet.domain.errors import SettingsError, SourceError
from callsheet.service.sync.failures import (
    StoppedError,
    explain,
    late,
    looped,
    redirected,
    refused,
    same_installation,
    too_large,
    too_long,
    too_many,
    unreadable_file,
)
from callsheet.service.sync.fetched import (
    CARRIED,
    NOTHING_KNOWN,
    Fetched,
    Kept,
    Validators,
    digest_of,
    key_of,
    validators_of,
)
from callsheet.service.sync.limits import LIMITS, PAGE_LIMITS, Limits
from callsheet.service.sync.loop import ORGANIZATION, PAGE, mark_of, may_be_callsheet, path_through
from callsheet.service.sync.opening import open_at_once
from callsheet.service.sync.trust import trust
from callsheet.sources.address import address_of
from callsheet.sources.read import Reading, read
from callsheet.sources.secret_texts import SecretTexts
from callsheet.sources.upstream import Answer, Options, Request, Upstream

_NOT_MODIFIED: Final = 304
_OK: Final = 200
_FIRST_REDIRECT: Final = 300
_FIRST_ERROR: Final = 400


#: A longer one would make the next request one that servers refuse.
_MAX_VALIDATOR_CHARACTERS: Final = 1_000

_USER_AGENT: Final = f"callsheet/{__version__} (source)"


class Fetcher:
    """Asks one upstream.

    The secret goes to the configured origin only: redirects are not followed, and every path is below the URL.

    Parameters
    ----------
    url
        Root of the upstream, without a slash at its end; or ``file:///PATH`` of a recorded list.
    authorize
        Returns the headers with which a request for a URL is accepted.
    secret
        What no error may repeat; empty if there is none.
    organization_id
        Of this installation, which must not be its own upstream; empty if there is none.
    limits
        What a run may take.
    monotonic
        Seconds since some moment.

    Raises
    ------
    SourceError
        The environment names a proxy or certificates that cannot be used.
    """

    def __init__(
        self,
        url: str,
        authorize: Callable[[str], Mapping[str, str]],
        secret: str = "",
        organization_id: str = "",
        limits: Limits = LIMITS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._secret = secret
        self._texts = SecretTexts(secret)
        self._authorize = authorize
        self._organization_id = organization_id
        self._limits = limits
        self._monotonic = monotonic
        self._end = monotonic() + limits.run_seconds
        self._size = 0
        self._asked = 0
        self._deadlines = Deadlines()
        self._stopped = threading.Event()
        self._socket: socket.socket | None = None
        try:
            self._client = open_client(httpx2.Client, timeout=None, follow_redirects=False, **trust())
        except SettingsError as error:
            raise SourceError(str(error)) from None
        self._client.headers.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def stop(self) -> None:
        """Let a fetch on another thread end with a SourceError soon."""
        self._stopped.set()
        if (connected := self._socket) is not None:
            with suppress(OSError):  # closed meanwhile
                socket.socket.shutdown(connected, socket.SHUT_RDWR)  # not TLS's, which would wait

    def fetch(
        self,
        upstream: Upstream,
        options: Options,
        known: Validators = NOTHING_KNOWN,
        kept: Kept = MappingProxyType({}),
    ) -> Fetched:
        """Return all answers that ``upstream`` needs.

        Parameters
        ----------
        known
            The validators of the run before; then the answer may be that nothing has changed.
        kept
            Answers of the run before; those whose request has a version, and the same one, are not asked for again.

        Raises
        ------
        SourceError
            The upstream cannot be reached, refuses, or answers something else than this kind of upstream does.
        """
        answers: list[Answer] = []
        conditional = known.headers()
        organization = ""
        while pending := self._next(upstream, options, answers):
            conditional = conditional if not answers and len(pending) == 1 else {}
            for request in pending:
                again = kept.get(key_of(request)) if request.version else None
                answer = again or self._ask(request, conditional)
                if answer.status == _NOT_MODIFIED and conditional:
                    return Fetched((), "", known, is_unchanged=True)
                organization = organization or answer.headers.get(ORGANIZATION, "")
                answers.append(answer)
        path = self._check_loop(organization) if organization else frozenset[str]()
        validators = Validators(*map(self._as_validator, validators_of(answers)))
        return Fetched(tuple(answers), digest_of(answers), validators, path)

    def _as_validator(self, text: str | None) -> str | None:
        """``text``, if a header can carry it back, and it may be kept."""
        if text is None or len(text) > _MAX_VALIDATOR_CHARACTERS or not CARRIED.fullmatch(text):
            return None
        return None if self._texts.is_in(text) else text

    def ask(self, request: Request) -> Answer:
        """Return the answer to one request, whatever its status but a redirect; SourceError as for `fetch`."""
        return self._ask(request, {})

    def _next(self, upstream: Upstream, options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
        try:
            return upstream.requests(options, tuple(answers))
        except SourceError as error:
            raise self._about(error, answers) from None

    def read(self, upstream: Upstream, answers: Sequence[Answer], options: Options) -> Reading:
        """Return the models that complete ``answers`` list; SourceError if they are not this kind of upstream's."""
        try:
            reading = self._texts.without(read(upstream, answers, options), answers)
        except SourceError as error:
            raise self._about(error, answers) from None
        if len(reading.listed) + len(reading.dropped) > self._limits.max_rows:
            raise too_long(self._url, self._limits.max_rows)
        return reading

    def _about(self, error: SourceError, answers: Sequence[Answer]) -> SourceError:
        """The error of answers that are not what was expected: the upstream's own, if it refused."""
        if answers and all(answer.status >= _FIRST_ERROR for answer in answers):
            return refused(self._url, answers[-1], self._secret)
        return SourceError(f"{self._url}: {self._texts.hide(str(error))}")

    def _ask(self, request: Request, conditional: Mapping[str, str]) -> Answer:
        self._asked += 1
        if self._stopped.is_set():
            raise StoppedError(f"{self._url} was not asked, as this process ends.")
        if self._asked > self._limits.max_requests:
            raise too_many(self._url, self._limits.max_requests)
        if self._url.startswith("file:"):
            return self._read_file(request)
        if request.path and not request.path.startswith(("/", "?")):
            named = self._texts.hide(request.path)[:80]
            raise SourceError(f"{self._url} names {named!r} as its next page; a path is expected.")
        url = address_of(self._url, request.path)
        headers = {
            "accept": "application/json",
            "accept-encoding": "gzip, deflate",
            "user-agent": _USER_AGENT,
            **request.headers,
            **self._credential(url),
            **conditional,
        }
        if request.body is not None:
            headers["content-type"] = "application/json"
        return self._send(request, url, headers)

    def _credential(self, url: str) -> Mapping[str, str]:
        headers = self._authorize(url)
        if not all(CARRIED.fullmatch(value) for value in headers.values()):
            raise SourceError("The secret must be visible ASCII characters without spaces, as a header carries it.")
        return headers

    def _send(self, request: Request, url: str, headers: Mapping[str, str]) -> Answer:
        try:
            with (
                self._within() as extensions,
                self._client.stream(
                    request.method, url, headers=dict(headers), content=request.body, extensions=extensions
                ) as response,
            ):
                status = response.status_code
                if _FIRST_REDIRECT <= status < _FIRST_ERROR and status != _NOT_MODIFIED:
                    raise redirected(self._url, url, self._texts.hide(response.headers.get("location", "")))
                body = self._read(response)
                named = {name.lower(): value for name, value in response.headers.items()}
        except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
            if self._stopped.is_set():
                raise StoppedError(f"{self._url} was not asked to the end, as this process ends.") from None
            raise explain(self._url, error, self._late) from None
        finally:
            self._client.cookies.clear()
        self._check_own(named.get(ORGANIZATION, ""))
        return Answer(request, status, named, body)

    @contextmanager
    def _within(self) -> Iterator[dict[str, Any]]:
        """Bound one request; yield the extensions for it."""
        left = self._end - self._monotonic()
        if left <= 0:
            raise self._late()
        limits = self._limits
        waits = {"connect": limits.connect_seconds, "pool": limits.connect_seconds, "read": limits.read_seconds}
        with self._deadlines.within(min(limits.request_seconds, left), self._late, waits) as extensions:
            bounded: dict[str, Any] = extensions or {}

            def trace(step: str, about: dict[str, Any]) -> None:
                bounded["trace"](step, about)
                if step.endswith(MADE):
                    self._connected(about["return_value"])
                if self._stopped.is_set() and step.endswith(".started"):
                    raise httpx2.ReadError("stopped")

            yield {**bounded, "trace": trace}

    def _connected(self, stream: Any) -> None:
        """Note a new connection, on which nothing has been sent; SourceError if no source may lead there."""
        self._socket = stream.get_extra_info("socket")
        try:
            self._limits.check_peer(self._url, str((stream.get_extra_info("server_addr") or ("",))[0]))
        except SourceError:
            stream.close()
            raise

    def _late(self) -> SourceError:
        return late(self._url, self._limits.request_seconds)

    def _read(self, response: httpx2.Response) -> bytes:
        pieces: list[bytes] = []
        for piece in response.iter_bytes():
            self._size += len(piece)
            if max(self._size, response.num_bytes_downloaded) > self._limits.max_bytes:
                pieces.clear()  # a traceback would keep them in memory
                raise too_large(self._url, self._limits.max_bytes)
            if self._stopped.is_set():
                raise httpx2.ReadError("stopped")
            pieces.append(piece)
        return b"".join(pieces)

    def _read_file(self, request: Request) -> Answer:
        path = Path(unquote(urlsplit(self._url).path))
        try:
            with open(path, "rb", opener=open_at_once) as file:
                body = file.read(self._limits.max_bytes + 1)
        except (OSError, ValueError) as error:
            raise unreadable_file(path, error) from None
        if len(body) > self._limits.max_bytes:
            raise too_large(str(path), self._limits.max_bytes)
        return Answer(request, _OK, {}, body)

    def _check_own(self, organization: str) -> None:
        if organization and organization == self._organization_id:
            raise same_installation(self._url)

    def _check_loop(self, organization: str) -> frozenset[str]:
        """The installations that the list came through; SourceError if this one is among them."""
        if not may_be_callsheet(self._url):
            return frozenset()
        answer = None
        with suppress(SourceError), Fetcher(self._url, _no_headers, limits=PAGE_LIMITS) as other:
            answer = other.ask(Request("GET", PAGE))  # not every installation shows it to everybody
        path = path_through(organization, answer)
        if self._organization_id and mark_of(self._organization_id) in path:
            raise looped(self._url)
        return path


def _no_headers(_url: str) -> Mapping[str, str]:
    return {}
