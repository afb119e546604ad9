"""What became of the models that a command named, as people and programs read it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from callsheet.cli.output.sentences import counts_sentence
from callsheet.cli.output.tables import day, print_json, say
from callsheet.domain.model import Lifecycle
from callsheet.service.catalog import Outcome

_MOST_LINES: Final = 3  # about models that were as wanted already


def all_done(
    names: Sequence[str],
    outcome: Outcome,
    changed: Callable[[Mapping[str, object]], str],
    unchanged: str | Callable[[Mapping[str, object]], str],
    *,
    as_json: bool,
) -> None:
    """Say what became of each model, and how many are listed now; in JSON, one that was named alone is no list."""
    records = outcome.records
    if as_json:
        print_json(
            records[0] if list(names) == [record["id"] for record in records] and len(names) == 1 else records
        )
    state = unchanged if callable(unchanged) else lambda _record: unchanged
    left = [record for record in records if record["id"] not in outcome.changed]
    for record in records:
        if record["id"] in outcome.changed:
            say(changed(record))
        elif len(left) <= _MOST_LINES:
            say(f"{record['id']} is {state(record)}.")
    if len(left) > _MOST_LINES:
        say(f"{len(left)} models were left as they are: {', '.join(sorted({state(record) for record in left}))}.")
    say(counts_sentence(outcome.counts))


def deprecated(record: Mapping[str, object]) -> str:
    """Return what was done to a model that is deprecated now."""
    until = f"; it retires on {day(record['retires_at'])}" if record["retires_at"] else ""
    return f"Deprecated {record['id']}{until}."


def unhidden(record: Mapping[str, object]) -> str:
    """Return what a model is that is no longer hidden."""
    if record["lifecycle"] == Lifecycle.RETIRED:
        return f"{record['id']} is no longer hidden, but retired."
    return f"{record['id']} is listed."


def as_it_was(record: Mapping[str, object]) -> str:
    """Return the stage of a model that was left as it is."""
    return f"{'already ' * (record['lifecycle'] != Lifecycle.ACTIVE)}{record['lifecycle']}"
