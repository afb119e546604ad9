"""Warnings about the built-in models: sources take their place once, and they do not come back by themselves."""

from collections.abc import Iterator, Sequence
from typing import Final

from callsheet.domain.plan.warnings import PlanWarning, named

#: The code of the warnings about models that only the program lists.
BUILTIN_MODELS: Final = "builtin-models"

_AGAIN: Final = "let the built-in models be listed"


def may_cease_later(sources: Sequence[str], count: int) -> Iterator[PlanWarning]:
    """Yield that ``count`` models, if there are any, leave the catalogue once one of ``sources`` lists a model."""
    if count:
        yield _warning(
            f"As soon as {named(sources)} lists a model, built-in models are no longer listed by themselves: "
            f"{_leave(count)} the catalogue, except for those that it lists too. To list them all "
            f"again after that, {_AGAIN}.",
            sources,
        )


def ceases(sources: Sequence[str], count: int) -> Iterator[PlanWarning]:
    """Yield that ``count`` models, if there are any, leave the catalogue because ``sources`` list models now."""
    if count and sources:
        yield _warning(
            f"Because {named(sources)} lists models now, built-in models are no longer listed by themselves: "
            f"{_leave(count)} the catalogue. To list them all again after that, {_AGAIN}.",
            sources,
        )


def stays_away(sources: Sequence[str]) -> Iterator[PlanWarning]:
    """Yield that built-in models are not listed again although ``sources``, the last ones, are removed."""
    sentence = f"Removing {named(sources)} does not list the built-in models again. To do that, {_AGAIN}."
    yield _warning(sentence, sources)


def _warning(sentence: str, sources: Sequence[str]) -> PlanWarning:
    return PlanWarning(BUILTIN_MODELS, sentence, tuple(sources))


def _leave(count: int) -> str:
    return "1 model leaves" if count == 1 else f"{count:,} models leave"
