"""Looking for models by words and by what they are, and counting them: ``/v1/organizations/catalog/search``."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, Field

from callsheet.domain.access.admin_key import Scope
from callsheet.domain.model import Lifecycle
from callsheet.http.admin.catalog.answers import CountsAnswer, NamedModelAnswer
from callsheet.http.admin.endpoint import ROOT, Asked, Endpoint, PageQuery, Query
from callsheet.http.admin.plain import Page, page
from callsheet.service.searching.search import count_facets, search
from callsheet.service.searching.wanted import Facets, Wanted, words_of
from callsheet.storage.transactions.read import ReadTransaction
from callsheet.storage.transactions.read_admin import UnknownCursorError

MAX_TEXT_CHARACTERS: Final = 300

#: Lines, and values of the field source, that are named with how many models they have.
MAX_NAMED: Final = 200


class SearchQuery(PageQuery):
    """Which models are looked for, and which page of them."""

    text: str = Field(
        "",
        max_length=MAX_TEXT_CHARACTERS,
        description="Words, each of which is in the id, the display name or an alias, in whatever case.",
    )
    lifecycle: Lifecycle | None = Field(None, description="Only models with this lifecycle.")
    line: str | None = Field(None, min_length=1, description="Only models of this line.")
    source: str | None = Field(
        None,
        min_length=1,
        description="Only models whose field source is this, which people set; not the models that a source lists.",
    )
    hidden: bool | None = Field(None, description="Only models that are hidden, or only others.")
    listed: bool | None = Field(None, description="Only models that lists show, or only others.")


class CountsQuery(Query):
    """Whether one waits for counts."""

    wait: bool = Field(
        True,
        description="Whether a large catalogue that was not counted yet is counted now; else the answer is null, "
        "and it is counted in the background.",
    )


class NamedCountAnswer(BaseModel):
    """How many models have a line, or a value of the field source."""

    name: str
    models: int


class CatalogCountsAnswer(BaseModel):
    """How many models of which kind the catalogue has."""

    counts: CountsAnswer | None = Field(description="Each model is listed, retired or hidden.")
    lines: list[NamedCountAnswer] = Field(description=f"By name; the {MAX_NAMED} with the most models.")
    sources: list[NamedCountAnswer] = Field(description=f"By name; the {MAX_NAMED} with the most models.")


def _search(_reading: ReadTransaction, asked: Asked) -> dict[str, Any]:
    query: SearchQuery = asked.query
    wanted = Wanted(
        words=words_of(query.text),
        lifecycle=query.lifecycle,
        line=query.line,
        source=query.source,
        hidden=query.hidden,
        listed=query.listed,
    )
    after, before = _place(asked, "after_id"), _place(asked, "before_id")
    found = search(asked.state.catalog, wanted, query.limit, after, before)
    rows = [{**model.record(), "aliases": list(aliases)} for model, aliases in found.models]
    return page(rows, "id", has_more=found.has_more)


def _place(asked: Asked, name: str) -> str | None:
    """The sort key of the position that a cursor means."""
    cursor: str | None = getattr(asked.query, name)
    if cursor is None:
        return None
    place = asked.state.catalog.locate(cursor)
    if place is None:
        raise UnknownCursorError(name)
    return place[1]


def _count(_reading: ReadTransaction, asked: Asked) -> dict[str, Any]:
    facets = count_facets(asked.state.catalog, waits=asked.query.wait)
    if facets is None:
        return {"counts": None, "lines": [], "sources": []}
    kinds: Counter[str] = Counter({"listed": 0, "retired": 0, "hidden": 0})
    lines: Counter[str] = Counter()
    sources: Counter[str] = Counter()
    for each, count in facets.items():
        kinds[_kind_of(each)] += count
        if each.line is not None:
            lines[each.line] += count
        if each.source is not None:
            sources[each.source] += count
    return {"counts": kinds, "lines": _named(lines), "sources": _named(sources)}


def _kind_of(facets: Facets) -> str:
    if facets.listed:
        return "listed"
    return "retired" if facets.lifecycle is Lifecycle.RETIRED else "hidden"


def _named(counts: Counter[str]) -> list[Mapping[str, Any]]:
    return [{"name": name, "models": count} for name, count in sorted(counts.most_common(MAX_NAMED))]


SEARCHING: Final = (
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/search",
        operation="searchCatalogModels",
        summary="Look for models by words and by what they are, as served now, in the order of the Models API.",
        scope=Scope.READ,
        query=SearchQuery,
        answer=Page[NamedModelAnswer],
        read=_search,
    ),
    Endpoint(
        method="GET",
        path=f"{ROOT}/catalog/counts",
        operation="countCatalogModels",
        summary="Count the models of the catalogue by what they are, as served now.",
        scope=Scope.READ,
        query=CountsQuery,
        answer=CatalogCountsAnswer,
        read=_count,
    ),
)
