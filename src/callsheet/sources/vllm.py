"""vLLM's list, and SGLang's: OpenAI's shape with a limit, a root and a parent for each row.

``created`` is the time of the request, and ids in ``permission`` are random: neither is read. A model that is
served by several names has a row for each, with the same root and limit: one model with aliases. An adapter (LoRA)
has a parent, and the limit of its parent.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from callsheet.sources.answers import need_json, need_list
from callsheet.sources.openai import PATH, authorization, requests
from callsheet.sources.upstream import FIRST_SEEN, Answer, Dropped, Listed, Options
from callsheet.sources.values import collect, text_in, texts_in
from callsheet.wire.field_values import read_tokens

__all__ = ["authorization", "listed", "requests", "rows"]

_LIMIT: Final = "max_model_len"
_NAMES: Final = "other names"  # what `rows` adds; no server sends a name with a blank


def rows(answers: Sequence[Answer]) -> Sequence[object]:
    """Return a row for each model and adapter; SourceError if there is no list."""
    sent = need_list(need_json(answers, PATH), "data", PATH)
    limits = _limits(sent)
    return [_inherit(row, limits) for row in _one_for_each_model(sent)]


def listed(row: Mapping[str, Any], _options: Options) -> Listed | Dropped:
    """Return the context window that is served. Its time is when the source first saw the model."""
    fields, notes = collect({"created_at": FIRST_SEEN, "max_input_tokens": row.get(_LIMIT)})
    return Listed(text_in(row, "id"), fields, texts_in(row.get(_NAMES)), notes)


def _one_for_each_model(sent: Sequence[object]) -> list[object]:
    """The rows, where those of one root with one limit are one, that of the first name."""
    found: list[object] = []
    firsts: dict[tuple[str, int | None], dict[str, Any]] = {}
    for row in sent:
        if not isinstance(row, Mapping) or not _is_named(row):
            found.append(row)
            continue
        served = (row["root"], read_tokens(row.get(_LIMIT)))
        if served in firsts:
            firsts[served][_NAMES].append(row["id"])
        else:
            firsts[served] = {**row, _NAMES: []}
            found.append(firsts[served])
    return found


def _is_named(row: Mapping[str, Any]) -> bool:
    """Whether it is a name of a model: an adapter is not, nor is what has no root."""
    return bool(text_in(row, "root") and text_in(row, "id")) and not row.get("parent")


def _limits(sent: Sequence[object]) -> Mapping[str, object]:
    """The limit of each model by its names and its root, and of each adapter that has one."""
    found: dict[str, object] = {}
    for row in sent:
        if isinstance(row, Mapping) and row.get(_LIMIT) is not None:
            for name in (text_in(row, "id"), "" if row.get("parent") else text_in(row, "root")):
                found.setdefault(name, row[_LIMIT])
    found.pop("", None)
    return found


def _inherit(row: object, limits: Mapping[str, object]) -> object:
    if isinstance(row, Mapping) and row.get(_LIMIT) is None and text_in(row, "parent") in limits:
        return {**row, _LIMIT: limits[row["parent"]]}
    return row
