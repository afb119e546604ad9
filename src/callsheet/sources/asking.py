"""What a kind of upstream is asked about a key, and what it lists to it: the pages of the list, nothing else.

A source is asked for everything that it knows of its models; for a key, only the list counts, as that is what the
key may call. Each name that the list has is a model of its own here, also where a source makes it an alias.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from callsheet.domain.errors import SourceError
from callsheet.sources.answers import has_succeeded, json_of
from callsheet.sources.following import follow
from callsheet.sources.read import Reading, read
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request, SourceKind, Upstream

PATH: Final = "/v1/models"

#: Kinds whose modules ask for pages of the list, and for nothing beside it.
_PAGED: Final = frozenset({SourceKind.ANTHROPIC, SourceKind.CALLSHEET, SourceKind.OPENROUTER})

#: Kinds whose list has a row for each of the names that a source makes aliases of.
_ROWS_FOR_ALIASES: Final = frozenset({SourceKind.VLLM, SourceKind.SGLANG, SourceKind.OPENROUTER})

_MORE: Final = b'"has_more"'


class KeyList:
    """The list of one kind of upstream as a key sees it; an `Upstream` itself.

    Parameters
    ----------
    kind
        What kind of server answers.

    Raises
    ------
    SourceError
        There is no such kind.
    """

    def __init__(self, kind: SourceKind) -> None:
        self._upstream: Upstream = upstream_of(kind)
        self._is_paged = kind in _PAGED
        self._has_rows_for_aliases = kind in _ROWS_FOR_ALIASES

    def requests(self, options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
        """Return the request for the list, or for its next page; SourceError if the pages do not end."""
        if self._is_paged:
            return self._upstream.requests(options, answers)
        return _next_page(answers) if answers else (Request("GET", PATH),)

    def rows(self, answers: Sequence[Answer]) -> Sequence[object]:
        """Return the rows of all pages; SourceError if one of them is not a page of this kind."""
        if self._is_paged:
            return self._upstream.rows(answers)
        return [row for answer in answers for row in self._upstream.rows((answer,))]

    def listed(self, row: Mapping[str, Any], options: Options) -> Listed | Dropped:
        """Return what one row says."""
        return self._upstream.listed(row, options)

    def authorization(self, secret: str) -> Mapping[str, str]:
        """Return the headers in which this kind expects a key."""
        return self._upstream.authorization(secret)

    def read(self, answers: Sequence[Answer], options: Options) -> Reading:
        """Return what complete ``answers`` list; SourceError if they are not a list of this kind."""
        reading = read(self, answers, options)
        return reading._replace(listed=tuple(self._by_name(reading.listed)))

    def _by_name(self, listed: Sequence[Listed]) -> Iterator[Listed]:
        for each in listed:
            yield Listed(each.id, each.fields) if each.aliases else each
            if self._has_rows_for_aliases:
                yield from (Listed(alias, each.fields) for alias in each.aliases)


def _next_page(answers: Sequence[Answer]) -> Sequence[Request]:
    """The page after the last one, for servers of OpenAI's kind that have pages, in either of their forms."""
    last = answers[-1]
    if not has_succeeded(last) or _MORE not in last.body:
        return ()
    page = json_of(last)
    if not isinstance(page, Mapping) or page.get("has_more") is not True:
        return ()
    cursor = page.get("last_id") or _last_id(page.get("data"))
    if not isinstance(cursor, str) or not cursor:
        raise SourceError("The upstream says that more models follow, but not after which model.")
    parameter = "after" if page.get("object") == "list" else "after_id"
    return follow(Request("GET", f"{PATH}?{parameter}={quote(cursor, safe='', errors='replace')}"), answers)


def _last_id(rows: object) -> object:
    last = rows[-1] if isinstance(rows, list) and rows else None
    return last.get("id") if isinstance(last, Mapping) else None
