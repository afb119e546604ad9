"""What a kind of upstream is asked about a key, and what it lists to it: the pages of the list, nothing else.

A source is asked for everything that it knows of its models; for a key, only the list counts, as that is what the
key may call. Each name that the list has is a model of its own here, also where a source makes it an alias.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from callsheet.domain.errors import InvalidError, SourceError
from callsheet.domain.model import check_id
from callsheet.sources.answers import has_succeeded, json_of, need_list
from callsheet.sources.choosing import Choice
from callsheet.sources.following import follow
from callsheet.sources.read import Reading, read
from callsheet.sources.registry import LISTS_BY_CLIENT, upstream_of
from callsheet.sources.renaming import namer
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request, SourceKind, Upstream
from callsheet.sources.values import collect, text_in

PATH: Final = "/v1/models"

#: Kinds whose modules ask for pages of the list, and for nothing beside it.
_PAGED: Final = frozenset({SourceKind.ANTHROPIC, SourceKind.CALLSHEET, SourceKind.OPENROUTER})

#: Kinds whose list has a row for each of the names that a source makes aliases of.
_ROWS_FOR_ALIASES: Final = frozenset({SourceKind.VLLM, SourceKind.SGLANG, SourceKind.OPENROUTER})

_MORE: Final = b'"has_more"'

_CLIENT: Final = "x-gateway-client"

#: What tells LiteLLM that Claude Code asks.
_CLAUDE_CODE: Final = {
    _CLIENT: "claude-code",
    "anthropic-version": "2023-06-01",
    "user-agent": "claude-code/2 (callsheet)",
}


class ClientName(NamedTuple):
    """A name that a gateway gives to a model for one client.

    Parameters
    ----------
    id
        The name.
    source_id
        The model that it means, by the name that other clients use.
    display_name
        For people; empty if it says no more than the ids do.
    """

    id: str
    source_id: str
    display_name: str


class KeyList:
    """The list of one kind of upstream as a key sees it; an `Upstream` itself.

    LiteLLM lists other names to Claude Code than to others: ``claude-router-`` and digits for what that would not
    show otherwise, and a name with ``[1m]`` for a long context. It is asked for both lists then: only the plain one
    says which models generate text.

    Parameters
    ----------
    kind
        What kind of server answers.
    for_claude_code
        Whether what it lists to Claude Code counts.

    Raises
    ------
    SourceError
        There is no such kind.
    """

    def __init__(self, kind: SourceKind, *, for_claude_code: bool = False) -> None:
        self._upstream: Upstream = upstream_of(kind)
        self._is_paged = kind in _PAGED
        self._has_rows_for_aliases = kind in _ROWS_FOR_ALIASES
        self._for_claude_code = for_claude_code and kind in LISTS_BY_CLIENT
        self._has_names = self._for_claude_code and not self._is_paged

    def requests(self, options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
        """Return the request for the list, or for its next page; SourceError if the pages do not end."""
        if self._is_paged:
            asked = self._upstream.requests(options, answers)
            return tuple(map(_as_claude_code, asked)) if self._for_claude_code else asked
        plain = self._plain(answers)
        if not plain:
            return (Request("GET", PATH),)
        if len(plain) == len(answers):
            more = _next_page(plain)
            begins = not more and self._has_names and has_succeeded(plain[-1])
            return (_as_claude_code(Request("GET", PATH)),) if begins else more
        return tuple(map(_as_claude_code, _next_page(answers[len(plain) :])))

    def rows(self, answers: Sequence[Answer]) -> Sequence[object]:
        """Return the rows of all pages; SourceError if one of them is not a page of this kind."""
        if self._is_paged:
            return self._upstream.rows(answers)
        return [row for answer in self._plain(answers) for row in self._upstream.rows((answer,))]

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

    def names(self, answers: Sequence[Answer]) -> Sequence[ClientName] | None:
        """Return the names that the client is given, in the gateway's order; None if they are those of the list.

        Raises
        ------
        SourceError
            The answers are not a list.
        """
        if not self._has_names:
            return None
        pages = answers[len(self._plain(answers)) :]
        rows = [row for page in pages for row in need_list(json_of(page), "data", PATH)]
        return [_name_in(row) for row in rows if isinstance(row, Mapping) and text_in(row, "id")]

    def _plain(self, answers: Sequence[Answer]) -> Sequence[Answer]:
        """Those to the list that every client gets, which come first."""
        if not self._has_names:
            return answers
        return [answer for answer in answers if _CLIENT not in answer.request.headers]

    def _by_name(self, listed: Sequence[Listed]) -> Iterator[Listed]:
        for each in listed:
            yield Listed(each.id, each.fields) if each.aliases else each
            if self._has_rows_for_aliases:
                yield from (Listed(alias, each.fields) for alias in each.aliases)


def by_names(
    chosen: Sequence[Listed], upstream_ids: Iterable[str], names: Iterable[ClientName], choice: Choice
) -> tuple[list[Listed], Mapping[str, str]]:
    """Return the models by the names that a client is given, and which model each name means that differs.

    A name of a model that is not chosen is left out. Rows that `choose` has added stay.

    Parameters
    ----------
    chosen
        What `choose` has made of the list.
    upstream_ids
        The ids in that list.
    names
        As `KeyList.names` returns them.
    choice
        What was chosen by, and how models are called here.
    """
    name = namer(choice.rename, choice.prefix)
    by_id = {each.id: each for each in chosen}
    found: dict[str, Listed] = {}
    sources: dict[str, str] = {}
    for each in names:
        source, model_id = name(each.source_id), name(each.id)
        if source not in by_id or model_id in found or not _can_be_id(model_id):
            continue
        if each.id == each.source_id:
            found[model_id] = by_id[source]
            continue
        said = {"display_name": each.display_name} if each.display_name else {}
        found[model_id] = Listed(model_id, {"same_as": source, **said}, guessed={"display_name": each.source_id})
        sources[model_id] = source
    plain = set(map(name, upstream_ids))
    for added in chosen:
        if added.id not in plain:
            found.setdefault(added.id, added)
    return list(found.values()), sources


def _name_in(row: Mapping[str, Any]) -> ClientName:
    model_id = text_in(row, "id")
    source_id = text_in(row, "source_model") or model_id
    said = collect({"display_name": row.get("display_name")})[0].get("display_name", "")
    return ClientName(model_id, source_id, "" if said in (model_id, source_id) else said)


def _as_claude_code(request: Request) -> Request:
    return replace(request, headers={**request.headers, **_CLAUDE_CODE})


def _can_be_id(text: str) -> bool:
    try:
        check_id(text)
    except InvalidError:
        return False
    return True


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
