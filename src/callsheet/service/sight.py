"""Sight: which of the models that are listed somebody sees, and which of the rules do nothing."""

from collections.abc import Sequence
from typing import NamedTuple

from callsheet.domain.access import Visibility
from callsheet.domain.model import Lifecycle, sort_key
from callsheet.domain.times import parse_instant
from callsheet.storage.reading import Listing, Reading


class Sight(NamedTuple):
    """What a workspace sees.

    Parameters
    ----------
    visible
        Ids of the models that are listed for it, in the order of the API.
    listed
        How many models are listed for whoever sees all: neither hidden nor retired.
    idle
        Its patterns that match no model at all.
    aliases
        Those of the idle patterns that are aliases, and the model that each means.
    """

    visible: tuple[str, ...]
    listed: int
    idle: tuple[str, ...]
    aliases: dict[str, str]


def look(reading: Reading, rules: Sequence[Visibility | None]) -> list[Sight]:
    """Return what each of ``rules`` lets its beholder see; None is the rule of those who see nothing."""
    models = reading.listings()
    listed = [model for model in models if not model.hidden and model.lifecycle != Lifecycle.RETIRED]
    listed.sort(key=_sort_key)
    return [_sight(reading, each, models, listed) for each in rules]


def _sight(
    reading: Reading, rule: Visibility | None, models: Sequence[Listing], listed: Sequence[Listing]
) -> Sight:
    if rule is None:
        return Sight((), len(listed), (), {})
    visible = tuple(model.id for model in listed if rule.sees(model.id))
    patterns = dict.fromkeys((*rule.allow, *rule.deny))
    idle = tuple(each for each in patterns if not _matches(each, models))
    return Sight(visible, len(listed), idle, reading.aliases(idle) if idle else {})


def _matches(pattern: str, models: Sequence[Listing]) -> bool:
    only = Visibility((pattern,))
    return any(only.sees(model.id) for model in models)


def _sort_key(model: Listing) -> str:
    return sort_key(parse_instant(model.created_at), model.line, model.id)
