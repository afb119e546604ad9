"""OpenRouter's list, in pages: ``GET /v1/models`` below ``https://openrouter.ai/api``.

With a secret, ``/v1/models/user``: what the account's settings of privacy, providers and guardrails let it use.

Prices have no field in Callsheet and are not read. Variants such as ``:free`` are rows like others;
`sources.choosing` folds them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from callsheet.domain.errors import SourceError
from callsheet.sources.answers import need_list
from callsheet.sources.flags import capabilities_of
from callsheet.sources.following import follow, need_answers, object_of
from callsheet.sources.lifecycle import announced
from callsheet.sources.upstream import Answer, Dropped, Listed, Options, Request
from callsheet.sources.values import collect, inside, text_in, texts_in
from callsheet.wire.field_values import read_tokens

NO_TEXT: Final = "it does not generate text"
NO_TARGET: Final = "it is a moving name of a model that is not listed"

_PATH: Final = "/v1/models"
_PATH_OF_ACCOUNT: Final = "/v1/models/user"
_PAGE_ROWS: Final = 1000  # as many as it gives
_ALIASES: Final = "moving names"  # no member that it sends: with a blank
_MAX_OFFSET_DIGITS: Final = 9


def requests(options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the request for the page that follows.

    Of the link to the next page only the offset is used, so that it leads to no other server.

    Raises
    ------
    SourceError
        The last answer is not a page, its link cannot be used, or the pages do not end.
    """
    path = _PATH_OF_ACCOUNT if options.has_secret else _PATH
    offset = _next_offset(answers[-1]) if answers else 0
    if offset is None:
        return ()
    return follow(Request("GET", f"{path}?offset={offset}&limit={_PAGE_ROWS}"), answers)


def _next_offset(answer: Answer) -> int | None:
    link = inside(object_of(answer), "links", "next")
    if link is None:
        return None
    offset = _offset(link)
    if offset is None:
        raise SourceError(f"{answer.request.path} was answered with a link to the next page that cannot be used.")
    return offset


def _offset(link: object) -> int | None:
    if not isinstance(link, str):
        return None
    try:
        text = parse_qs(urlsplit(link).query).get("offset", [""])[0]
    except ValueError:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_OFFSET_DIGITS else None


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the rows of all pages, each with the moving names that mean it; SourceError if there are none."""
    found = [
        row for answer in need_answers(answers) for row in need_list(object_of(answer), "data", answer.request.path)
    ]
    return _with_moving_names(found)


def _with_moving_names(found: Sequence[object]) -> list[object]:
    """``found`` without the rows that only name another of them, which gets their ids instead."""
    ids = {text_in(row, "id") for row in found if isinstance(row, Mapping) and not _target(row)}
    names: dict[str, list[str]] = {}
    kept = []
    for row in found:
        target = _target(row)
        if target in ids and isinstance(row, Mapping):
            names.setdefault(target, []).append(text_in(row, "id"))
        else:
            kept.append(row)
    return [_named(row, names) for row in kept]


def _named(row: object, names: Mapping[str, Iterable[str]]) -> object:
    moving = names.get(text_in(row, "id")) if isinstance(row, Mapping) else None
    return {**row, _ALIASES: list(moving)} if moving and isinstance(row, Mapping) else row


def _target(row: object) -> str:
    target = inside(row, "alias_target", "slug")
    return target if isinstance(target, str) else ""


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return a model that generates text, with what it serves, not what it could."""
    model_id = text_in(row, "id")
    if _target(row):
        return Dropped(model_id, NO_TARGET)
    outputs = texts_in(inside(row, "architecture", "output_modalities"))
    if outputs and "text" not in outputs:
        return Dropped(model_id, NO_TEXT)
    fields, notes = collect(
        {
            "display_name": row.get("name"),
            "created_at": row.get("created"),
            "max_input_tokens": _smallest(
                row.get("context_length"), inside(row, "top_provider", "context_length"),
                inside(row, "per_request_limits", "prompt_tokens"),
            ),
            "max_tokens": _smallest(
                inside(row, "top_provider", "max_completion_tokens"),
                inside(row, "per_request_limits", "completion_tokens"),
            ),
            "description": row.get("description") or None,
            **announced(row.get("expiration_date")),
        }
    )  # fmt: skip
    fields |= capabilities_of(_flags(row))
    return Listed(model_id, fields, texts_in(row.get(_ALIASES)), notes)


def _smallest(*limits: object) -> object:
    """The smallest of the limits that are known; if none makes sense, the first that was sent."""
    known = [read for read in map(read_tokens, limits) if read is not None]
    return min(known) if known else next((limit for limit in limits if limit is not None), None)


def _flags(row: Mapping[str, Any]) -> dict[str, object]:
    """What the row's lists, which are complete, say; nothing where a list is missing."""
    inputs = inside(row, "architecture", "input_modalities")
    parameters = row.get("supported_parameters")
    flags: dict[str, object] = {}
    if isinstance(inputs, list):
        flags |= {"image_input": "image" in inputs, "pdf_input": "file" in inputs}
    if isinstance(parameters, list):
        flags |= {"structured_outputs": "structured_outputs" in parameters, "thinking": "reasoning" in parameters}
    return flags


def authorization(secret: str) -> Mapping[str, str]:
    """Return the secret as a bearer token."""
    return {"authorization": f"Bearer {secret}"}
