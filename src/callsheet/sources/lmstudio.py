"""LM Studio: ``GET /api/v1/models``; older ones have ``/api/v0/models``, and all of them OpenAI's list.

The context window is the one with which a model is loaded, of several instances the smallest. While it is not
loaded, what was known last stays; before that, it is the maximum with which it could be loaded.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.errors import SourceError
from callsheet.sources.answers import check_status, has_succeeded, json_of, need_list, path_of
from callsheet.sources.openai import PATH, authorization
from callsheet.sources.upstream import FIRST_SEEN, Answer, Dropped, LastKnown, Listed, Options, Request
from callsheet.sources.values import collect, inside, text_in
from callsheet.wire.field_values import read_tokens

__all__ = ["authorization", "listed", "requests", "rows"]

EMBEDS: Final = "it is an embedding model"
LOADABLE: Final = "the context window is the largest with which the model can be loaded, until it is loaded"

#: The lists, the newest first, and the member that holds the models.
_LISTS: Final = {"/api/v1/models": "models", "/api/v0/models": "data", PATH: "data"}
_EMBEDDING_TYPES: Final = ("embedding", "embeddings")


def requests(_options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the newest list that has not been asked for, until one is answered."""
    asked = set(map(path_of, answers))
    if any(map(_is_list, answers)):
        return ()
    return [Request("GET", path) for path in _LISTS if path not in asked][:1]


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the rows of the newest list that was answered; SourceError if there is none."""
    for answer in answers:
        if _is_list(answer):
            return need_list(json_of(answer), _LISTS[path_of(answer)], path_of(answer))
    if not answers:
        raise SourceError("LM Studio was not asked for its list; run the source again.")
    check_status(answers[-1])
    return need_list(json_of(answers[-1]), "data", path_of(answers[-1]))


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return the name, the limit, whether it takes images, and the description of its publisher."""
    model_id = text_in(row, "key") or text_in(row, "id")
    if row.get("type") in _EMBEDDING_TYPES:
        return Dropped(model_id, EMBEDS)
    context, more = _context(row)
    fields, notes = collect(
        {
            "display_name": row.get("display_name"),
            "created_at": FIRST_SEEN,
            "max_input_tokens": context,
            "capabilities": _capabilities(row),
            "description": row.get("description"),
        }
    )
    guessed, _ = collect({"max_input_tokens": row.get("max_context_length")})
    return Listed(model_id, fields, notes=(*notes, *more), guessed=guessed)


def _is_list(answer: Answer) -> bool:
    """Whether it is a list. LM Studio answers 200 for paths that it does not have, with an error."""
    if not has_succeeded(answer):
        return False
    try:
        return isinstance(inside(json_of(answer), _LISTS.get(path_of(answer), "data")), list)
    except SourceError:
        return False


def _context(row: Mapping[str, Any]) -> tuple[object, tuple[str, ...]]:
    """The context window, and what there is to note about it."""
    instances = row.get("loaded_instances")
    loaded = [inside(each, "config", "context_length") for each in instances] if isinstance(instances, list) else []
    served = [tokens for each in (*loaded, row.get("loaded_context_length")) if (tokens := read_tokens(each))]
    if served:
        return min(served), ()
    loadable = row.get("max_context_length")
    return LastKnown(loadable), (LOADABLE,) if read_tokens(loadable) else ()


def _capabilities(row: Mapping[str, Any]) -> Mapping[str, object] | None:
    sees = inside(row, "capabilities", "vision")
    if not isinstance(sees, bool) and row.get("type") == "vlm":  # in /api/v0; an llm there may be either
        sees = True
    return {"image_input": {"supported": sees}} if isinstance(sees, bool) else None
