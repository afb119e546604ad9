"""What is different for a caller, by looking at every model: slow, and as plain as the meaning of each group."""

from typing import Any

from callsheet.domain.catalog import Catalog
from callsheet.domain.model import Model
from callsheet.domain.plan.impact import MODEL_GROUPS
from callsheet.domain.query import Reach, reach_of
from callsheet.service.comparison import Rules
from callsheet.wire import anthropic, openai


def walk(
    before: Catalog, after: Catalog, was: Rules | None, now: Rules | None, *, to_openai: bool
) -> dict[str, Any]:
    """The fields of the audience of a caller with these rules before and after."""
    groups: dict[str, list[str]] = {name: [] for name in MODEL_GROUPS}
    lists_before, lists_now = [], []
    every = {model.id: model for model in (*before, *after)}
    for model in sorted(every.values(), key=lambda each: each.sort_key):
        old, new = _seen(before, was, model.id), _seen(after, now, model.id)
        if reach_of(old) is Reach.LISTED:
            lists_before.append(old)
        if reach_of(new) is Reach.LISTED:
            lists_now.append(new)
        if reach_of(old) is not reach_of(new):
            groups[_GROUPS[reach_of(old), reach_of(new)]].append(model.id)
        elif _written(old, was, to_openai=to_openai) != _written(new, now, to_openai=to_openai):
            groups["changes"].append(model.id)
    lines = {model.line for model in lists_before if model} - {model.line for model in lists_now if model}
    return {
        **groups,
        "lines_lost": [] if now is None else sorted(line for line in lines if line is not None),
        "is_emptied": now is not None and bool(lists_before) and not lists_now,
    }


_GROUPS = {
    (Reach.ABSENT, Reach.LISTED): "gains",
    (Reach.RETRIEVABLE, Reach.LISTED): "gains",
    (Reach.LISTED, Reach.ABSENT): "loses",
    (Reach.LISTED, Reach.RETRIEVABLE): "unlists",
    (Reach.ABSENT, Reach.RETRIEVABLE): "gains_unlisted",
    (Reach.RETRIEVABLE, Reach.ABSENT): "loses_unlisted",
}


def _seen(catalog: Catalog, rules: Rules | None, model_id: str) -> Model | None:
    return catalog.get(model_id) if rules is not None and rules.visibility.sees(model_id) else None


def _written(model: Model | None, rules: Rules | None, *, to_openai: bool) -> tuple[bytes, bytes]:
    if model is None or rules is None:
        return b"", b""
    return anthropic.write_model(model, rules.shape), openai.write_model(model) if to_openai else b""
