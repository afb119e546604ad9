"""Ollama: ``/api/tags`` lists models, ``/api/ps`` those that are loaded, ``/api/show`` the settings of one.

The context window is what is served, as far as that is known: of a loaded model what ``/api/ps`` says, else the
setting ``num_ctx``, else what it was when the model was last loaded, else the maximum that the model was trained
for, which Ollama does not serve unless it is configured to.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.domain.errors import SourceError
from callsheet.sources.answers import find, has_succeeded, json_of, need_json, need_list, path_of
from callsheet.sources.openai import authorization
from callsheet.sources.upstream import Answer, Dropped, LastKnown, Listed, Options, Request
from callsheet.sources.values import collect, inside, text_in, texts_in

__all__ = ["authorization", "listed", "requests", "rows"]

TAGS: Final = "/api/tags"
RUNNING: Final = "/api/ps"
SHOW: Final = "/api/show"
EMBEDS: Final = "it is an embedding model"
NOT_TEXT: Final = "it does not generate text"
TRAINED: Final = "the context window is what the model was trained for, until it is loaded: Ollama may serve less"

_LATEST: Final = ":latest"
_NUM_CTX: Final = re.compile(r"^\s*num_ctx\s+(\d{1,15})\s*$", re.MULTILINE | re.ASCII)


def requests(_options: Options, answers: Sequence[Answer]) -> Sequence[Request]:
    """Return the two lists, then a request for the settings of each model, which its digest dates."""
    if not answers:
        return Request("GET", TAGS), Request("GET", RUNNING)
    tags = find(answers, TAGS)
    if find(answers, SHOW) is not None or tags is None or not has_succeeded(tags):
        return ()
    models = [row for row in need_list(json_of(tags), "models", TAGS) if isinstance(row, Mapping)]
    found = {_name(row): text_in(row, "digest") for row in models}
    return [
        Request("POST", SHOW, {"content-type": "application/json"}, _question(name), digest)
        for name, digest in found.items()
        if name
    ]


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return each row with its settings and how it is loaded; SourceError if there is no list."""
    models = need_list(need_json(answers, TAGS), "models", TAGS)
    running = _by_name(_optional(find(answers, RUNNING)))
    settings = {answer.request.body: _optional(answer) for answer in answers if path_of(answer) == SHOW}
    return [
        {**row, "show": settings.get(_question(_name(row))), "ps": running.get(_name(row))}
        if isinstance(row, Mapping)
        else row
        for row in models
    ]


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return the limit that is served, whether it takes images and thinks, and when it was last changed."""
    name = _name(row)
    can = texts_in(row.get("capabilities")) or texts_in(inside(row, "show", "capabilities"))
    if can and "completion" not in can:
        return Dropped(name, EMBEDS if "embedding" in can else NOT_TEXT)
    trained = inside(row, "details", "context_length") or _trained(inside(row, "show", "model_info"))
    context, more = _context(row, trained)
    fields, notes = collect(
        {
            "created_at": row.get("modified_at"),
            "max_input_tokens": context,
            "capabilities": _capabilities(can),
        }
    )
    aliases = (name.removesuffix(_LATEST),) if name.endswith(_LATEST) else ()
    guessed, _ = collect({"max_input_tokens": trained})
    return Listed(name, fields, aliases, (*notes, *more), guessed)


def _context(row: Mapping[str, Any], trained: object) -> tuple[object, tuple[str, ...]]:
    """The context window, and what there is to note about it."""
    loaded = inside(row, "ps", "context_length")
    parameters = inside(row, "show", "parameters")
    configured = _NUM_CTX.findall(parameters) if isinstance(parameters, str) else []
    if loaded:
        return loaded, ()
    if configured:
        return int(configured[-1]), ()
    if row.get("remote_model"):  # it runs elsewhere, with all that it has
        return trained, ()
    return LastKnown(trained or None), (TRAINED,) if trained else ()


def _trained(info: object) -> object:
    architecture = inside(info, "general.architecture")
    return inside(info, f"{architecture}.context_length") if isinstance(architecture, str) else None


def _capabilities(can: Sequence[str]) -> Mapping[str, object] | None:
    if not can:
        return None
    return {
        "image_input": {"supported": "vision" in can},
        "thinking": {"supported": "thinking" in can},
    }


def _by_name(running: object) -> Mapping[str, object]:
    found = inside(running, "models")
    models = found if isinstance(found, list) else ()
    return {_name(each): each for each in models if isinstance(each, Mapping)}


def _optional(answer: Answer | None) -> object:
    """What an answer holds that is not needed for a list; None if it cannot be read."""
    if answer is None or not has_succeeded(answer):
        return None
    try:
        return json_of(answer)
    except SourceError:
        return None


def _name(row: Mapping[str, Any]) -> str:
    return text_in(row, "model") or text_in(row, "name")


def _question(name: str) -> bytes:
    return json.dumps({"model": name}).encode()
