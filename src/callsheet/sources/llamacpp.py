"""llama.cpp's server: ``GET /v1/models``, whose list ``data`` counts, not ``models`` beside it.

``created`` is the time of the request. The context window is ``n_ctx``, what one slot has, never ``n_ctx_train``;
servers that do not list it state it in ``/props``. A server in router mode lists models that are not loaded, of
which it knows neither limit nor modalities: what was known last stays.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.errors import SourceError
from callsheet.sources.answers import find, has_succeeded, json_of, need_json, need_list
from callsheet.sources.openai import PATH, authorization
from callsheet.sources.upstream import FIRST_SEEN, Answer, Dropped, LastKnown, Listed, Options, Request
from callsheet.sources.values import collect, inside, text_in, texts_in

__all__ = ["authorization", "listed", "requests", "rows"]

PROPS: Final = "/props"
NOT_TEXT: Final = "it does not generate text"


def requests(_options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the list, then the server's properties if its only model is listed without the limit."""
    if not answers:
        return (Request("GET", PATH),)
    if len(answers) > 1 or not has_succeeded(answers[0]):
        return ()
    models = need_list(json_of(answers[0]), "data", PATH)
    lacks = len(models) == 1 and inside(models[0], "status") is None and inside(models[0], "meta", "n_ctx") is None
    return (Request("GET", PROPS),) if lacks else ()


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return the rows, an only one with the server's properties; SourceError if there is no list."""
    models = need_list(need_json(answers, PATH), "data", PATH)
    properties = _properties(find(answers, PROPS))
    if properties is None or len(models) != 1 or not isinstance(models[0], Mapping):
        return models
    return [{**models[0], "props": properties}]


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return the limit of a slot, and whether the model takes images."""
    generates = texts_in(inside(row, "architecture", "output_modalities"))
    if generates and "text" not in generates:
        return Dropped(text_in(row, "id"), NOT_TEXT)
    served = inside(row, "meta", "n_ctx") or inside(row, "props", "default_generation_settings", "n_ctx")
    fields, notes = collect(
        {
            "created_at": FIRST_SEEN,
            "max_input_tokens": LastKnown() if served is None else served,
            "capabilities": _capabilities(row),
        }
    )
    names = tuple(name for name in texts_in(row.get("aliases")) if name != row.get("id"))
    return Listed(text_in(row, "id"), fields, names, notes)


def _capabilities(row: Mapping[str, Any]) -> object:
    takes = texts_in(inside(row, "architecture", "input_modalities"))
    sees = inside(row, "props", "modalities", "vision")
    if takes:
        sees = "image" in takes
    return {"image_input": {"supported": sees}} if isinstance(sees, bool) else LastKnown()


def _properties(answer: Answer | None) -> object:
    """The server's properties; None if it does not state them."""
    if answer is None or not has_succeeded(answer):
        return None
    try:
        return json_of(answer)
    except SourceError:
        return None
