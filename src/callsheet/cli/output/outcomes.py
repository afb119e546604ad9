"""What became of the models that a command named, as people and programs read it."""

from collections.abc import Callable, Sequence
from typing import Final

from callsheet.cli.output.sentences import counts_sentence
from callsheet.cli.output.tables import day, print_json, say
from callsheet.domain.model import Lifecycle, Model, RetirementPrecision
from callsheet.service.catalog import ModelWithAliases, Outcome
from callsheet.service.records import model_record

_MAX_LINES: Final = 3  # about models that were as wanted already


def all_done(
    names: Sequence[str],
    outcome: Outcome,
    changed: Callable[[Model], str],
    unchanged: str | Callable[[Model], str],
    *,
    record: Callable[[ModelWithAliases], dict[str, object]] = model_record,
    as_json: bool,
) -> None:
    """Say what became of each model, and how many are listed now.

    Parameters
    ----------
    names, outcome
        What the command named, and what became of it.
    changed, unchanged
        A sentence about a model that was changed, and the end of one about a model that was as wanted already.
    record, as_json
        What JSON says of a model, and whether to print it: an object if one model was named by its id, else a list.
    """
    models = [item.model for item in outcome.models]
    if as_json:
        records = [record(item) for item in outcome.models]
        print_json(records[0] if list(names) == [model.id for model in models] and len(names) == 1 else records)
    state = unchanged if callable(unchanged) else lambda _model: unchanged
    left = [model for model in models if model.id not in outcome.changed]
    for model in models:
        if model.id in outcome.changed:
            say(changed(model))
        elif len(left) <= _MAX_LINES:
            say(f"{model.id} is {state(model)}.")
    if len(left) > _MAX_LINES:
        say(f"{len(left)} models were left as they are: {', '.join(sorted({state(model) for model in left}))}.")
    if outcome.counts is not None:
        say(counts_sentence(outcome.counts))


def deprecated(model: Model) -> str:
    """Return what was done to a model that is deprecated now."""
    until = f"; it retires on {day(model.record()['retires_at'])}" if model.retires_at else ""
    if model.retirement_precision is RetirementPrecision.EARLIEST:
        until += " or later"
    return f"Deprecated {model.id}{until}."


def unhidden(model: Model) -> str:
    """Return what a model is that is no longer hidden."""
    if model.lifecycle is Lifecycle.RETIRED:
        return f"{model.id} is no longer hidden, but retired."
    return f"{model.id} is listed."


def as_it_was(model: Model) -> str:
    """Return the lifecycle of a model that was left as it is."""
    return f"{'already ' * (model.lifecycle is not Lifecycle.ACTIVE)}{model.lifecycle}"
