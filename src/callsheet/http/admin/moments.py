"""Other moments than now: what a call that reads answers of one, and pages of what there was."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, Field

from callsheet.domain.errors import ConflictError, DoesNotExistError, InvalidError
from callsheet.domain.history.moment import Moment, parse_moment
from callsheet.http.admin.endpoint import Asked, PageQuery, Query, Read
from callsheet.http.admin.errors import AdminError, Code
from callsheet.http.admin.plain import AnyReading, Everything, Page
from callsheet.service.moments.kept import KeptMoments
from callsheet.service.moments.locating import Located, locate
from callsheet.service.moments.store import kept_at
from callsheet.storage.transactions.paging import Slice
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.read_admin import UnknownCursorError

A = TypeVar("A", bound=BaseModel)
T = TypeVar("T")

#: Answers a call, of the present or of another moment, whose time is that of what is asked.
OfMoment: TypeAlias = Callable[[AnyReading, Asked], Mapping[str, Any]]

MAX_MOMENT_CHARACTERS: Final = 100

MOMENT: Final = (
    "Another moment than now, also one to come: a day, an RFC 3339 time, a time ago such as 90d, or the number of "
    "a revision."
)


def moment_field(default: Any = ..., *, alias: str | None = None, description: str = MOMENT) -> Any:
    """Return the field of a query or body that holds a moment as text."""
    return Field(default, alias=alias, min_length=1, max_length=MAX_MOMENT_CHARACTERS, description=description)


class MomentQuery(Query):
    """Of which moment."""

    as_of: str | None = moment_field(None)


class MomentPageQuery(PageQuery, MomentQuery):
    """Which page of a list, of which moment."""


class AsOfAnswer(BaseModel):
    """A moment."""

    at: str = Field(description="The time by which expiry is judged; of a revision, when it was made.")
    revision: int
    is_future: bool = Field(description="Whether it is still to come: then only dates change what there is.")


class Dated(BaseModel):
    """What may be of another moment."""

    as_of: AsOfAnswer | None = Field(None, description="The moment, if as_of names one.")


class DatedPage(Page[A], Dated, Generic[A]):
    """A page of a list, of a moment."""


class DatedList(Everything[A], Dated, Generic[A]):
    """A list that has one page, of a moment."""


def at_moment(read: OfMoment) -> Read:
    """Return what answers a call with a `MomentQuery`: by ``read``, of the moment that is asked for."""

    def answer(reading: ReadTransaction, asked: Asked) -> Mapping[str, Any]:
        if asked.query.as_of is None:
            return read(reading, asked)
        located = locate_moment(reading, asked.query.as_of, asked)
        with kept_at(reading, located, asked.moments or KeptMoments()) as (as_of, then):
            return {**read(then, replace(asked, now=as_of.at, as_of=as_of)), "as_of": as_of.record()}

    return answer


def locate_moment(reading: ReadTransaction, text: str, asked: Asked, name: str = "as_of") -> Located:
    """Return where the moment that ``text`` means lies.

    Raises
    ------
    AdminError
        It means none, or nothing is known of the moment; the parameter ``name`` is wrong then.
    """
    return located(reading, moment_of(text, asked, name), asked, name)


def moment_of(text: str, asked: Asked, name: str) -> Moment:
    """Return the moment that ``text`` means; AdminError, with ``name`` as its field, if it means none."""
    try:
        return parse_moment(text, asked.now, name)
    except InvalidError as error:
        raise AdminError(Code.INVALID, str(error), name) from error


def located(reading: ReadTransaction, moment: Moment, asked: Asked, name: str) -> Located:
    """Return where ``moment`` lies; AdminError, with ``name`` as its field, if nothing is known of it."""
    try:
        return locate(reading, moment, asked.now)
    except (DoesNotExistError, ConflictError) as error:
        raise AdminError(Code.INVALID, str(error), name) from error


def cut_sorted(keys: Sequence[str], query: PageQuery) -> Slice[str]:
    """Return the page of ``keys``, which are sorted, that ``query`` asks for; cursors need not be among them."""
    after = None if query.after_id is None else bisect_right(keys, query.after_id)
    before = None if query.before_id is None else bisect_left(keys, query.before_id)
    return _cut(keys, query.limit, after, before)


def cut_items(items: Sequence[T], id_of: Callable[[T], str], query: PageQuery) -> Slice[T]:
    """Return the page of ``items`` that ``query`` asks for; UnknownCursorError if a cursor is not the id of one."""
    places = {id_of(item): place for place, item in enumerate(items)}

    def place(name: str, cursor: str | None) -> int | None:
        if cursor is not None and cursor not in places:
            raise UnknownCursorError(name)
        return None if cursor is None else places[cursor]

    after = place("after_id", query.after_id)
    return _cut(items, query.limit, None if after is None else after + 1, place("before_id", query.before_id))


def _cut(items: Sequence[T], limit: int, after: int | None, before: int | None) -> Slice[T]:
    if before is not None and after is None:
        first = max(0, before - limit)
        return Slice(items[first:before], first > 0)
    start, stop = after or 0, len(items) if before is None else before
    last = max(start, min(stop, start + limit))
    return Slice(items[start:last], last < stop)
