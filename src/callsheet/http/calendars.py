"""Calendars: ``/calendars/TOKEN.ics``, the retirements of models for calendar programs."""

import threading
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from http import HTTPStatus
from typing import Final, NamedTuple

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from callsheet.domain.access.calendar import Calendar
from callsheet.domain.access.secret import fingerprint, may_be_calendar_token
from callsheet.domain.errors import StorageError, StorageUnavailableError
from callsheet.domain.retirement.dates import DateRecord
from callsheet.http.logs.access_line import LoggedResponse
from callsheet.http.logs.writer import AccessLog
from callsheet.http.paths import CALENDARS
from callsheet.http.request_id import make_request_id
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.giving_way import giving_way
from callsheet.service.retirements.feed import write_feed
from callsheet.service.state.live import LiveState

#: Calendars that are kept as they were last written.
MAX_KEPT_CALENDARS: Final = 64

_SUFFIX: Final = ".ics"
_MAX_AGE_SECONDS: Final = 3600
_RETRY_SECONDS: Final = 60
#: What the access log has in place of a path with a token.
_LOGGED_PATH: Final = b"/calendars/***.ics"
_HEADERS: Final = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


class _Written(NamedTuple):
    body: bytes
    etag: str


class _Moment(NamedTuple):
    """What calendars are made from: of one revision and one day."""

    revision: int
    day: date
    calendars: Mapping[bytes, Calendar]
    dates: Mapping[str, DateRecord]
    written: dict[str, _Written]


class Calendars:
    """Answers requests for calendars, each on a thread; what does not change is kept.

    Parameters
    ----------
    live
        Holds the State, and knows the database.
    log
        Where a line for each answer goes, without the token; None for no log.
    clock
        Where the time comes from.
    """

    def __init__(self, live: LiveState, log: AccessLog | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self._live = live
        self._log = log
        self._clock = clock
        self._threads = CapacityLimiter(1)
        self._lock = threading.Lock()
        self._moment: _Moment | None = None

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [Route(f"{CALENDARS}{{name}}", self._answer, methods=["GET"])]

    async def _answer(self, request: Request) -> Response:
        begun = self._clock.perf_counter()
        self._live.start()
        name: str = request.path_params["name"]
        token = name.removesuffix(_SUFFIX)
        found = None
        try:
            if name.endswith(_SUFFIX) and may_be_calendar_token(token):
                found = await run_sync(self._find, fingerprint(token), limiter=self._threads)
            response = _not_found() if found is None else _response(found, request.headers.get("if-none-match"))
        except StorageError:
            response = _unavailable()
        if self._log is not None:
            length = int(response.headers.get("content-length", 0))
            line = LoggedResponse(request.method, _LOGGED_PATH, b"", response.status_code, length, None)
            client = "" if request.client is None else request.client.host
            seconds = self._clock.perf_counter() - begun
            self._log.add(line, make_request_id().encode("ascii"), seconds, client)
        return response

    def _find(self, token: bytes) -> _Written | None:
        """The calendar whose token has this fingerprint; None if there is none, or it is revoked."""
        with self._lock, giving_way():
            state, now = self._live.current, self._clock.now()
            if not self._live.has_state:
                raise StorageUnavailableError("No state has been read yet.")
            moment = self._moment
            if moment is None or (moment.revision, moment.day) != (state.revision, now.date()):
                moment = self._moment = self._read(state.revision, now.date())
            calendar = moment.calendars.get(token)
            if calendar is None:
                return None
            if calendar.id not in moment.written:
                body = write_feed(state, moment.dates, calendar.workspace_id, now)
                if body is None:
                    return None
                if len(moment.written) >= MAX_KEPT_CALENDARS:
                    moment.written.clear()
                moment.written[calendar.id] = _Written(body, f'"{sha256(body).hexdigest()[:32]}"')
            return moment.written[calendar.id]

    def _read(self, revision: int, day: date) -> _Moment:
        with self._live.store.read() as reading:
            working = {each.fingerprint: each for each in reading.calendars() if each.revoked_at is None}
            return _Moment(revision, day, working, reading.retirement_dates(), {})


def _response(found: _Written, known: str | None) -> Response:
    headers = {**_HEADERS, "etag": found.etag, "cache-control": f"private, max-age={_MAX_AGE_SECONDS}"}
    tags = {tag.strip().removeprefix("W/") for tag in (known or "").split(",")}
    if found.etag in tags or "*" in tags:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(found.body, headers=headers, media_type="text/calendar; charset=utf-8")


def _not_found() -> Response:
    headers = {**_HEADERS, "cache-control": "no-store"}
    return PlainTextResponse("There is no calendar here.\n", HTTPStatus.NOT_FOUND, headers)


def _unavailable() -> Response:
    headers = {**_HEADERS, "cache-control": "no-store", "retry-after": str(_RETRY_SECONDS)}
    text = "The database is away; try again later.\n"
    return PlainTextResponse(text, HTTPStatus.SERVICE_UNAVAILABLE, headers)
