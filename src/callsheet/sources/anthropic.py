"""Anthropic's list, page by page: ``GET /v1/models``. Callsheet's own list is the same.

Retired models are asked for, too: their dates are worth more than their absence. A server that refuses the filter
is asked without it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from callsheet.domain.errors import SourceError
from callsheet.domain.times import EPOCH
from callsheet.sources.answers import has_succeeded, json_of, need_list
from callsheet.sources.following import follow
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect, text_in
from callsheet.wire.field_values import read_capabilities, read_instant

PATH: Final = "/v1/models"

_LIMIT: Final = f"{PATH}?limit=1000"
_LIFECYCLES: Final = "".join(f"&lifecycle[]={each}" for each in ("active", "deprecated", "retired"))
_HEADERS: Final = {"anthropic-version": "2023-06-01"}
_BAD_REQUEST: Final = 400
_TOKEN: Final = "sk-ant-oat"  # how the tokens of people begin, which are not keys


def requests(_options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the request for the next page; SourceError if the pages do not end."""
    if not answers:
        return (_page(_LIMIT + _LIFECYCLES),)
    last = answers[-1]
    if _is_refused(last):
        return (_page(_LIMIT),)
    if not has_succeeded(last):
        return ()
    page = json_of(last)
    if not isinstance(page, Mapping) or page.get("has_more") is not True:
        return ()
    cursor = page.get("last_id")
    if not isinstance(cursor, str) or not cursor or not page.get("data"):
        raise SourceError("The upstream says that more models follow, but not after which model.")
    first = _LIMIT if any(map(_is_refused, answers)) else _LIMIT + _LIFECYCLES
    return follow(_page(f"{first}&after_id={quote(cursor, safe='', errors='replace')}"), answers)


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the rows of all pages; SourceError if one of them is not a page."""
    pages = [answer for answer in answers if not _is_refused(answer)] or answers
    return [row for page in pages for row in need_list(json_of(page), "data", PATH)]


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return every field that has a value. A name that is the id, and the time 1970, mean that none is known."""
    name, created = row.get("display_name"), row.get("created_at")
    instant = read_instant(created)
    capabilities = row.get("capabilities")
    fields, notes = collect(
        {
            "display_name": None if name == row.get("id") else name,
            "created_at": None if instant == EPOCH else instant or created,
            "capabilities": read_capabilities(capabilities) if isinstance(capabilities, Mapping) else capabilities,
            "line": row.get("line"),
            "max_input_tokens": row.get("max_input_tokens"),
            "max_tokens": row.get("max_tokens"),
            "lifecycle": row.get("lifecycle"),
            "deprecated_at": row.get("deprecated_at"),
            "retires_at": row.get("retires_at"),
            "description": row.get("description"),
        }
    )
    return Listed(text_in(row, "id"), fields, notes=notes)


def authorization(secret: str) -> Mapping[str, str]:
    """Return a key as ``x-api-key``, and what is not a key as a bearer token."""
    return {"authorization": f"Bearer {secret}"} if secret.startswith(_TOKEN) else {"x-api-key": secret}


def _page(path: str) -> Request:
    return Request("GET", path, _HEADERS)


def _is_refused(answer: Answer) -> bool:
    """Whether the server does not know the filter."""
    return answer.status == _BAD_REQUEST and _LIFECYCLES in answer.request.path
