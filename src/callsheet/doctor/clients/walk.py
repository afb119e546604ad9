"""Walking: ask for the list as a client does, page by page, to the end that the client comes to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from callsheet.doctor.clients.rules import Walk, Way
from callsheet.doctor.probe.exchange import Ask, Exchange
from callsheet.doctor.probe.headers import Headers
from callsheet.doctor.probe.listing import Listing, read_anything
from callsheet.doctor.probe.player import ExhaustedError
from callsheet.doctor.probe.wrappers import Outcome

#: Pages after which a walk is broken off, unless the client gives up after some number by itself.
_MAX_PAGES: Final = 8

Asking = Callable[[Ask], Exchange]


class Ending(StrEnum):
    """How a walk ended."""

    DONE = "done"
    NO_LIST = "no-list"  # an answer that the client makes no list of
    STOPPED = "stopped"  # more is promised, and there is no cursor to ask for it with
    LOOPED = "looped"  # a request or a page that came before, and the client goes on
    BROKEN_OFF = "broken-off"  # by us: the list is long
    GAVE_UP = "gave-up"  # by the client: the list has more pages than it reads
    NOT_ASKED = "not-asked"  # by us: the budget is spent


@dataclass(frozen=True)
class Walked:
    """A walk: every exchange, and the pages that were lists."""

    exchanges: tuple[Exchange, ...]
    pages: tuple[Listing, ...]
    ending: Ending
    why: str = ""

    @property
    def last(self) -> Exchange | None:
        """The exchange that it ended with."""
        return self.exchanges[-1] if self.exchanges else None


def walk(way: Way, ask: Asking, page_size: int, extra: Headers = ()) -> Walked:
    """Ask for page after page as ``way`` does, with pages of ``page_size`` where it chooses one.

    Parameters
    ----------
    extra
        Headers that are sent as well.
    """
    first = way.ask(page_size, extra)
    request: Ask = first
    exchanges: list[Exchange] = []
    pages: list[Listing] = []

    def end(ending: Ending, why: str = "") -> Walked:
        return Walked(tuple(exchanges), tuple(pages), ending, why)

    came = set[str | tuple[str, ...]]()
    while request.target not in came:
        came.add(request.target)
        try:
            exchanges.append(ask(request))
        except ExhaustedError as error:
            return end(Ending.NOT_ASKED, str(error))
        listing = None if is_late(way, exchanges[-1]) else read_anything(exchanges[-1])
        if listing is None or way.outcome(listing.wrapper) is Outcome.FAILS:
            return end(Ending.NO_LIST)
        if way.outcome(listing.wrapper) is Outcome.EMPTY:
            listing = replace(listing, entries=(), models=())
        pages.append(listing)
        if not listing.models or not way.walk.goes_on(listing.has_more):
            return end(Ending.DONE)
        following = listing.first_id if way.walk is Walk.BACKWARDS else listing.last_id
        if following is None:
            return end(Ending.STOPPED if listing.has_more else Ending.DONE)
        page = tuple(listing.ids)
        if page in came:  # under another cursor
            break
        came.add(page)
        if len(pages) == (way.most_pages or _MAX_PAGES):
            return end(Ending.GAVE_UP if way.most_pages else Ending.BROKEN_OFF)
        joint = "&" if "?" in first.target else "?"
        cursor = quote(following, safe="", errors="replace")
        request = replace(first, target=f"{first.target}{joint}{way.walk.cursor}={cursor}")
    return end(Ending.LOOPED)


def is_late(way: Way, exchange: Exchange) -> bool:
    """Return whether the client had given up by then."""
    return way.seconds is not None and exchange.seconds > way.seconds
