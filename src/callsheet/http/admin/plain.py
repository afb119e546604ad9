"""What endpoints of our own share: services over a reading, pages, and times."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, Final, Generic, NoReturn, TypeAlias, TypeVar

from pydantic import BaseModel, Field

from callsheet.api.state import State
from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import about
from callsheet.domain.times import parse_instant
from callsheet.http.admin.endpoint import Asked, PageQuery
from callsheet.http.admin.errors import AdminError, Code
from callsheet.service.access import AccessService
from callsheet.service.catalog import CatalogService
from callsheet.service.history import HistoryService
from callsheet.service.moments.reading import MomentReading
from callsheet.service.state.load import installation_of, load
from callsheet.service.sync.sources import SourcesService
from callsheet.storage.transactions.paging import Cut
from callsheet.storage.transactions.read import ReadTransaction

#: Models of a catalogue that is loaded while a person waits.
MAX_LOADED_MODELS: Final = 50_000

T = TypeVar("T")

AnyReading: TypeAlias = ReadTransaction | MomentReading
A = TypeVar("A", bound=BaseModel)
R = TypeVar("R", bound=AnyReading)


class Page(BaseModel, Generic[A]):
    """A page of a list."""

    data: list[A]
    has_more: bool = Field(description="Whether more items follow in the direction of the page.")
    first_id: str | None = Field(description="Pass it as before_id to get the page before.")
    last_id: str | None = Field(description="Pass it as after_id to get the page behind.")


class Everything(BaseModel, Generic[A]):
    """A list that has one page."""

    data: list[A]


def state_of(reading: AnyReading, asked: Asked) -> State:
    """Return the State of the moment that ``reading`` reads.

    It is the one that is served if that is of the same revision, or has so many models that another would take too
    long to load: then it lags behind by a moment at most.
    """
    served = asked.state
    if asked.as_of is None and (
        served.revision == installation_of(reading).revision or len(served.catalog) > MAX_LOADED_MODELS
    ):
        return served
    return load(reading, served.options)


class Reading(Generic[R]):
    """Takes the place of a store for services that read in one transaction."""

    def __init__(self, transaction: R) -> None:
        self._transaction = transaction

    def read(self) -> AbstractContextManager[R]:
        """Return the transaction."""
        return nullcontext(self._transaction)

    def write(self, actor: str, now: datetime, reason: str | None = None) -> NoReturn:
        """Raise, as a call that reads changes nothing."""
        raise RuntimeError(f"{actor} may only read at {now}: {reason}")


class MomentReader:
    """The services by which a call reads the present or another moment.

    Parameters
    ----------
    reading
        What all of them read.
    asked
        What is asked.
    """

    def __init__(self, reading: AnyReading, asked: Asked) -> None:
        self._moment = Reading(reading)
        self._asked = asked

    @property
    def catalog(self) -> CatalogService:
        """Models and aliases."""
        return CatalogService(self._moment, self._asked.actor, self._now)

    @property
    def access(self) -> AccessService:
        """Workspaces and keys."""
        return AccessService(self._moment, self._asked.actor, self._now)

    def _now(self) -> datetime:
        return self._asked.now


class Reader(MomentReader):
    """The services by which a call reads the present, as `MomentReader`."""

    def __init__(self, reading: ReadTransaction, asked: Asked) -> None:
        super().__init__(reading, asked)
        self._store = Reading(reading)

    @property
    def history(self) -> HistoryService:
        """Change records."""
        return HistoryService(self._store)

    @property
    def sources(self) -> SourcesService:
        """Sources."""
        return SourcesService(self._store, self._asked.actor, self._now)


def catalog_of(reading: AnyReading, asked: Asked) -> Catalog | None:
    """Return the catalogue that is served, if it is the one of ``reading``; None if that must be read."""
    if asked.as_of is not None or asked.state.revision != installation_of(reading).revision:
        return None
    return asked.state.catalog


def cut_of(query: PageQuery, key: Callable[[str, str], Any] = lambda cursor, _name: cursor) -> Cut:
    """Return the part of a list that is asked for; ``key`` gives the key of a row from a cursor and its name."""
    after, before = (
        None if cursor is None else key(cursor, name)
        for name, cursor in (("after_id", query.after_id), ("before_id", query.before_id))
    )
    return Cut(query.limit, after, before)


def number_of(cursor: str, name: str) -> int:
    """Return the number that a cursor is; AdminError if it is none."""
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):  # digits of 64 bits
        raise AdminError(Code.INVALID_CURSOR, f"Invalid pagination cursor for '{name}'", name)
    return int(cursor)


def page(rows: Sequence[Mapping[str, Any]], name: str, *, has_more: bool) -> dict[str, Any]:
    """Return a page of records, which ``name``, a member of each, identifies."""
    ids = [str(row[name]) for row in rows[:1]] + [str(row[name]) for row in rows[-1:]]
    first, last = ids or (None, None)
    return {"data": list(rows), "has_more": has_more, "first_id": first, "last_id": last}


def instants(values: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return ``values`` with the times that have these names parsed; InvalidError if one is not a time."""
    return {
        name: instant(value, name) if name in names and value is not None else value
        for name, value in values.items()
    }


def instant(text: str, name: str) -> datetime:
    """Return the time that the member ``name`` is; InvalidError if it is not one."""
    with about(name):
        return parse_instant(text, name)
