"""FastPath: what the connections of a process share to answer plain requests themselves."""

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from callsheet.api.caller import Caller
from callsheet.api.request import Header
from callsheet.http.connection.head import Head, HeadReader, KnownLines
from callsheet.http.connection.limits import ConnectionLimits
from callsheet.http.logs.formats import NO_TEMPLATE, Answered
from callsheet.http.metrics.counters import Label
from callsheet.http.observer import Observer, ResponseLabel
from callsheet.http.public.cache import ResponseCache
from callsheet.http.public.unread_bytes import UnreadBytes
from callsheet.http.request_id import RequestIDs
from callsheet.http.wire_headers import write_lines
from callsheet.service.state.live import LiveState

if TYPE_CHECKING:
    from callsheet.http.ratelimit.limiter import RateLimits


class Rest(NamedTuple):
    """A successful answer but for date and request id.

    Parameters
    ----------
    content
        What follows the request id: the other headers and the body.
    expires
        When the caller's key does, in seconds since the epoch.
    kind
        What is told of it.
    size
        Of request and answer, in bytes.
    key_id
        Of the key that a request for it is charged to.
    """

    content: bytes
    expires: float
    kind: ResponseLabel
    size: int
    key_id: str


class FastPath:
    """State, cache, request ids, and the first bytes of this second's answers.

    Parameters
    ----------
    live
        Holds the State.
    observer
        Counts and logs every answer.
    limits
        What callers may take.
    memo_bytes
        Maximum size of the cache: requests and their answers.
    unread
        What callers leave unread of their answers.
    rate_limits
        Whom to refuse for asking too often; None for nobody.
    prefix
        The setting ``root_path``.
    """

    def __init__(
        self,
        live: LiveState,
        observer: Observer,
        limits: ConnectionLimits,
        memo_bytes: int,
        unread: UnreadBytes,
        *,
        rate_limits: "RateLimits | None" = None,
        prefix: str = "",
    ) -> None:
        self.live = live
        self.observer = observer
        self.rate_limits = rate_limits
        self.unread = unread
        self.is_open = not prefix.startswith("/v1") and (rate_limits is None or rate_limits.at_once)
        """Whether requests may be answered here: no prefix resembles ``/v1``, and rate limits need no network."""
        self.needs_address = rate_limits is not None or observer.log is not None
        """Whether it matters from where a request comes."""
        self._list, self._retrieve = (
            ResponseLabel(self.observer.metrics.tally(Label(route, 200, "anthropic")), NO_TEMPLATE)
            for route in ("list", "retrieve")
        )
        self.memo: ResponseCache[Rest] = ResponseCache(memo_bytes)
        self.ids = RequestIDs()
        self.reader = partial(HeadReader, limits.max_url_bytes, limits.max_header_bytes, KnownLines())
        """Makes what reads the heads of one more connection."""
        self.dated: list[Header] | None = None
        self.opening = b""

    def follow(self) -> None:
        """Forget what the last State said, and let go of it, if there is another one."""
        if self.live.current is not self.memo.state:
            self.memo.follow(self.live.current)

    def date(self, default_headers: list[Header]) -> None:
        """Write the ``opening`` of an answer, up to its request id; uvicorn's headers are made anew each second."""
        self.dated = default_headers
        self.opening = b"%b%brequest-id: " % (STATUS_LINE[200], write_lines(default_headers))

    def kind(self, names: tuple[str, ...], head: Head, length: int, caller: Caller) -> ResponseLabel:
        """Return what is told of a successful answer; a line of the log is only made if there is one."""
        usual = self._retrieve if names else self._list
        log = self.observer.log
        if log is None:
            return usual
        path, query, _ = head
        return usual._replace(template=log.template(Answered("GET", path, query, 200, length, caller.key_id)))
