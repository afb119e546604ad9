"""FastPath: what the connections of a process share to answer plain requests themselves."""

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from callsheet.api.caller import Caller
from callsheet.api.dialect import OPENAI
from callsheet.api.request import Header
from callsheet.domain.access.grant import is_delegated
from callsheet.http.connection.forwarded import ForwardedClients
from callsheet.http.connection.head import Head, HeadReader, KnownLines
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.logs.access_line import NO_TEMPLATE, LoggedResponse
from callsheet.http.metrics.counters import Label, Ordinary
from callsheet.http.observer import Client, Observer, ResponseLabel
from callsheet.http.public.asgi import PublicAPI
from callsheet.http.public.cache import ResponseCache
from callsheet.http.public.unread_bytes import UnreadBytes
from callsheet.http.request_id import RequestIDs
from callsheet.http.wire_headers import write_lines
from callsheet.service.clock import SYSTEM_CLOCK, Clock
from callsheet.service.state.live import LiveState

if TYPE_CHECKING:
    from callsheet.http.ratelimit.limiter import RateLimits

_log = logging.getLogger("callsheet")

#: Counts a request, by who sends it and the id of the key, and returns whether it may be answered.
Admits: TypeAlias = Callable[[Client, str | None], bool]

#: The statuses with which a request that has waited for its key is refused without a cycle.
REFUSED_STATUSES: Final = (401, 429, 529)
_STATUSES: Final = (200, 304, *REFUSED_STATUSES)


class FastPath:
    """State, cache, request ids, and the first bytes of this second's answers.

    Parameters
    ----------
    live
        Holds the State.
    public
        Knows what must be asked about a key before its request can be answered.
    observer
        Records every answer.
    limits
        What callers may take.
    memo_bytes
        Maximum size of the cache: requests and their answers.
    unread
        What callers leave unread of their answers.
    rate_limits
        Whom to refuse for asking too often; None for no limits.
    clients
        Finds the clients behind trusted proxies; None if no proxy is trusted.
    prefix
        The setting ``root_path``.
    clock
        Where the time comes from.
    """

    def __init__(
        self,
        live: LiveState,
        public: PublicAPI,
        observer: Observer,
        limits: ConnectionLimits,
        memo_bytes: int,
        unread: UnreadBytes,
        *,
        rate_limits: "RateLimits | None" = None,
        clients: ForwardedClients | None = None,
        prefix: str = "",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.live = live
        self.clock = clock
        self.observer = observer
        self.rate_limits = rate_limits
        self.unread = unread
        self.is_open = not prefix.startswith("/v1") and (rate_limits is None or not rate_limits.needs_network)
        """Whether requests may be answered here: no prefix resembles ``/v1``, and rate limits need no network."""
        needs_address = observer.log is not None or (rate_limits is not None and rate_limits.needs_address)
        self.clients = clients if needs_address else None
        """Finds the clients behind trusted proxies; None also if it does not matter where a request comes from."""
        self._labels: dict[tuple[bool, int, bool, bool], ResponseLabel] = {}
        self.cache: ResponseCache[bytes] = ResponseCache(memo_bytes)
        """Answers from the end of the request id on, by the bytes or by the `Head` of their requests."""
        self.ids = RequestIDs()
        self.reader = partial(HeadReader, limits.max_url_bytes, limits.max_header_bytes, KnownLines())
        """Return what reads the heads of one more connection."""
        self.default_headers: list[Header] | None = None
        """Those that the `openings` were made with."""
        self.openings: dict[int, bytes] = {}
        """The beginnings of answers, up to the request id, by status."""
        self.admits: Admits | None = None if rate_limits is None else rate_limits.admits
        """None for no limits."""
        self.key_check = public.key_check
        self.respond = public.respond

    def drop_stale(self) -> None:
        """Empty the cache if the State has moved, so that the one before it can be freed."""
        if self.live.current is not self.cache.state:
            self.cache.reset(self.live.current)

    def forget_answers(self) -> None:
        """Empty the cache."""
        self.cache.reset(self.live.current)

    def renew_openings(self, default_headers: list[Header]) -> None:
        """Write the ``openings`` with these headers, the date among them, which uvicorn replaces once a second."""
        self.default_headers = default_headers
        lines = write_lines(default_headers)
        self.openings = {status: b"%b%brequest-id: " % (STATUS_LINE[status], lines) for status in _STATUSES}

    def label(
        self, names: tuple[str, ...], head: Head, length: int, caller: Caller, status: int = 200, *, lasting: bool
    ) -> ResponseLabel:
        """Return what is recorded of a successful answer.

        Parameters
        ----------
        names
            The models that it may be about; none for a list.
        head, length, caller, status
            What was asked, how long the body is, who asked, and the status.
        lasting
            Whether the answer is kept, so that the line of the log is worth writing in advance.
        """
        dialect, of_gateway = caller.dialect, is_delegated(caller.key_id)
        openai = dialect is OPENAI  # as a flag: the hash of a member of an enumeration is computed in Python
        usual = self._labels.get((not names, status, openai, of_gateway))
        if usual is None:
            tally = self.observer.metrics.tally(Label("retrieve" if names else "list", status, dialect, of_gateway))
            usual = ResponseLabel(tally, NO_TEMPLATE, status, dialect)
            self._labels[not names, status, openai, of_gateway] = usual
        log = self.observer.log
        if log is None:
            return usual
        path, query, _ = head
        response = LoggedResponse("GET", path, query, status, length, caller.key_id)
        return ResponseLabel(usual.tally, log.template(response) if lasting else response, status, dialect)

    def record_error(self) -> None:
        """Count the exception that is being handled; log the first one of this process with its traceback."""
        metrics = self.observer.metrics
        metrics.ordinary[Ordinary.FAULT] += 1
        metrics.fast_path_errors += 1
        if metrics.fast_path_errors == 1:
            _log.exception(
                "The fast path failed to answer a request; the ordinary path answers it. Further failures are only "
                "counted, in the metric callsheet_fast_path_errors_total."
            )
