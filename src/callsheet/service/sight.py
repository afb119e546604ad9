"""Sight: which of the listed models a workspace sees, and which of its patterns match nothing."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.ordering import sort_key
from callsheet.domain.query import is_listed
from callsheet.domain.times import parse_instant
from callsheet.storage.reading import Reading
from callsheet.storage.transactions.read import Listing

#: The beginning of a pattern that matches only itself.
_LITERAL: Final = re.compile(r"[^*?\[]*")


class Sight(NamedTuple):
    """What a workspace sees.

    Parameters
    ----------
    visible
        Ids of the models that are listed for it.
    listed
        How many models are listed for a workspace that sees all.
    idle
        Its patterns that match no model at all.
    aliases
        Those of the idle patterns that are aliases, and the model that each means.
    """

    visible: tuple[str, ...]
    listed: int
    idle: tuple[str, ...]
    aliases: dict[str, str]


def look(reading: Reading, rules: Sequence[Visibility | None], *, in_order: bool = False) -> list[Sight]:
    """Return what a workspace with each of ``rules`` sees; None lets nothing be seen.

    With ``in_order`` the models are in the order of the API, which takes longer than counting them.
    """
    models = reading.listings()
    listed = [model for model in models if is_listed(model.lifecycle, hidden=model.hidden)]
    if in_order:
        listed.sort(key=_sort_key)
    ids = sorted(model.id for model in models)
    patterns = {pattern for rule in rules if rule is not None for pattern in (*rule.allow, *rule.deny)}
    known = {model.id for model in models} | reading.tombstones(patterns).keys()
    return [_sight(reading, each and each.among(known.__contains__), ids, listed) for each in rules]


def _sight(reading: Reading, rule: Visibility | None, ids: Sequence[str], listed: Sequence[Listing]) -> Sight:
    if rule is None:
        return Sight((), len(listed), (), {})
    visible = tuple(model.id for model in listed if rule.sees(model.id))
    idle = idle_patterns(rule, ids)
    return Sight(visible, len(listed), idle, dict(reading.aliases(idle)) if idle else {})


def idle_patterns(rule: Visibility, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns of ``rule`` that match none of ``ids``, which are sorted."""
    patterns = dict.fromkeys((*rule.allow, *rule.deny))
    return tuple(each for each in patterns if not _matches(Visibility((each,), (), rule.exact & {each}), ids))


def _matches(only: Visibility, ids: Sequence[str]) -> bool:
    """Whether its one pattern matches one of the sorted ``ids``; only those that begin as it does are tried."""
    beginning = _LITERAL.match(only.allow[0])
    prefix = "" if beginning is None else beginning[0]
    for number in range(bisect_left(ids, prefix), len(ids)):
        if not ids[number].startswith(prefix):
            return False
        if only.sees(ids[number]):
            return True
    return False


def _sort_key(model: Listing) -> str:
    return sort_key(parse_instant(model.created_at), model.line, model.id)
