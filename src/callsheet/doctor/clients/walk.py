"""Walk through a list as a client does: page by page, until the client stops or fails."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from callsheet.doctor.clients.rules import Walk, Way
from callsheet.doctor.probe.budget import BudgetExhaustedError
from callsheet.doctor.probe.exchange import Exchange, ProbeRequest
from callsheet.doctor.probe.headers import Headers
from callsheet.doctor.probe.listing import Listing, read_any_json
from callsheet.doctor.probe.wrappers import Handling

#: Pages after which the doctor ends a walk, unless the client itself gives up after some number.
MAX_WALK_PAGES: Final = 8

Send = Callable[[ProbeRequest], Exchange]


class Ending(StrEnum):
    """How a walk ended."""

    DONE = "done"
    NO_LIST = "no-list"  # the client makes no list of the response
    STOPPED = "stopped"  # more is promised, but without a cursor to ask for it
    LOOPED = "looped"  # the request or the page came before, and the client would go on
    BROKEN_OFF = "broken-off"  # by the doctor: the list is long
    GAVE_UP = "gave-up"  # by the client: the list has more pages than it reads
    NOT_ASKED = "not-asked"  # by the doctor: the budget is spent


@dataclass(frozen=True)
class WalkResult:
    """Every exchange of a walk, the pages that were lists, and how it ended.

    Parameters
    ----------
    why
        Why the doctor did not send all requests; empty if it did.
    """

    exchanges: tuple[Exchange, ...]
    pages: tuple[Listing, ...]
    ending: Ending
    why: str = ""

    @property
    def last(self) -> Exchange | None:
        """The exchange that it ended with; None if none took place."""
        return self.exchanges[-1] if self.exchanges else None


def walk(way: Way, send: Send, page_size: int, extra: Headers = (), max_pages: int = MAX_WALK_PAGES) -> WalkResult:
    """Send the requests for page after page that a client sends, with ``page_size`` if it chooses a limit.

    Parameters
    ----------
    extra
        Headers that are added.
    max_pages
        Pages after which the walk is broken off, unless the client itself gives up after some number.
    """
    first = way.first_request(page_size, extra)
    exchanges: list[Exchange] = []
    pages: list[Listing] = []

    def ended(ending: Ending, why: str = "") -> WalkResult:
        return WalkResult(tuple(exchanges), tuple(pages), ending, why)

    request = first
    seen = set[str | tuple[str, ...]]()  # targets, and the ids of pages
    while request.target not in seen:
        seen.add(request.target)
        try:
            exchanges.append(send(request))
        except BudgetExhaustedError as error:
            return ended(Ending.NOT_ASKED, str(error))
        page = _read_page(way, exchanges[-1])
        if page is None:
            return ended(Ending.NO_LIST)
        pages.append(page)
        cursor = _next_cursor(way, page)
        if cursor is None:
            return ended(Ending.STOPPED if _is_cut_off(way, page) else Ending.DONE)
        ids = tuple(page.ids)
        if ids in seen:  # although the cursor was a new one
            break
        seen.add(ids)
        if len(pages) == (way.max_pages or max_pages):
            return ended(Ending.GAVE_UP if way.max_pages else Ending.BROKEN_OFF)
        request = _with_cursor(first, way.walk.cursor, cursor)
    return ended(Ending.LOOPED)


def is_late(way: Way, exchange: Exchange) -> bool:
    """Return whether the client had given up before the response was complete."""
    return way.seconds is not None and exchange.seconds > way.seconds


def _read_page(way: Way, exchange: Exchange) -> Listing | None:
    """Return the page that the client sees in a response; None if it cannot read the response as a list."""
    page = None if is_late(way, exchange) else read_any_json(exchange)
    if page is None:
        return None
    handling = way.handling(page.wrapper)
    if handling is Handling.FAILS:
        return None
    return replace(page, entries=(), models=()) if handling is Handling.EMPTY else page


def _goes_on(way: Way, page: Listing) -> bool:
    return bool(page.models) and way.walk.goes_on(page.has_more)


def _next_cursor(way: Way, page: Listing) -> str | None:
    """Return the cursor that the client asks for the next page with; None if it does not ask for one."""
    if not _goes_on(way, page):
        return None
    return page.first_id if way.walk is Walk.BACKWARDS else page.last_id


def _is_cut_off(way: Way, page: Listing) -> bool:
    """Return whether the client would go on after its last page, as more is promised, but has no cursor."""
    return _goes_on(way, page) and bool(page.has_more)


def _with_cursor(first: ProbeRequest, name: str, cursor: str) -> ProbeRequest:
    joint = "&" if "?" in first.target else "?"
    return replace(first, target=f"{first.target}{joint}{name}={quote(cursor, safe='', errors='replace')}")
