"""Sentences that more than one command says."""

from collections.abc import Sequence

from callsheet.service.builtin import facts_date
from callsheet.service.counts import Counts


def counts_sentence(counts: Counts) -> str:
    """Return how many models are listed, and why the others are not."""
    if not counts.total:
        return "There are no models."
    if counts.listed == counts.total:
        return "The only model is listed." if counts.total == 1 else f"All {counts.total} models are listed."
    reasons = {"retired": counts.retired, "hidden": counts.hidden}
    why = ", ".join(f"{count} {_are(count)} {reason}" for reason, count in reasons.items() if count)
    noun = "model" if counts.total == 1 else "models"
    return f"{counts.listed} of {counts.total} {noun} {_are(counts.listed)} listed; {why}."


def renewed_sentence(ids: Sequence[str]) -> str:
    """Return that the program brought these built-in models up to date."""
    models = f"{len(ids)} built-in model{'s' * (len(ids) != 1)}"
    return f"Brought {models} up to date (facts of {facts_date()}); callsheet catalog history lists the changes."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
