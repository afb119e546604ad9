"""Sight: which of the listed models a workspace sees, and which of its patterns match nothing."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.catalog import Catalog
from callsheet.domain.ordering import sort_key
from callsheet.domain.query import is_listed
from callsheet.domain.times import parse_instant
from callsheet.service.sight_counts import count_listed, is_matched, only
from callsheet.storage.reading import Reading
from callsheet.storage.transactions.read import Listing

#: The beginning of a pattern that matches only itself.
_LITERAL: Final = re.compile(r"[^*?\[]*")


class Sight(NamedTuple):
    """What a workspace sees.

    Parameters
    ----------
    visible
        Ids of the models that are listed for it, or as many of them as were asked for.
    listed
        How many models are listed for a workspace that sees all.
    idle
        Its patterns that match no model at all.
    aliases
        Those of the idle patterns that are aliases, and the model that each means.
    total
        How many models are listed for it.
    """

    visible: tuple[str, ...]
    listed: int
    idle: tuple[str, ...]
    aliases: dict[str, str]
    total: int


def look(
    reading: Reading,
    rules: Sequence[Visibility | None],
    *,
    in_order: bool = False,
    limit: int | None = None,
    known: Catalog | None = None,
) -> list[Sight]:
    """Return what a workspace with each of ``rules`` sees; None lets nothing be seen.

    Parameters
    ----------
    reading
        What there is.
    rules
        Of each workspace.
    in_order
        Whether the models are in the order of the API, which takes longer than counting them.
    limit
        Maximum number of models that are named; None for all.
    known
        The catalogue of ``reading``, if it is in memory, where it is far quicker to look at.
    """
    if known is not None:
        return [_look_at(known, reading, each and each.among(known.has_id), limit) for each in rules]
    models = reading.listings()
    listed = [model for model in models if is_listed(model.lifecycle, hidden=model.hidden)]
    if in_order:
        listed.sort(key=_sort_key)
    ids = sorted(model.id for model in models)
    patterns = {pattern for rule in rules if rule is not None for pattern in (*rule.allow, *rule.deny)}
    exact = {model.id for model in models} | reading.tombstones(patterns).keys()
    return [_sight(reading, each and each.among(exact.__contains__), ids, listed, limit) for each in rules]


def _sight(
    reading: Reading,
    rule: Visibility | None,
    ids: Sequence[str],
    listed: Sequence[Listing],
    limit: int | None,
) -> Sight:
    if rule is None:
        return Sight((), len(listed), (), {}, 0)
    visible = tuple(rule.seen(model.id for model in listed))
    idle = idle_patterns(rule, ids)
    return Sight(visible[:limit], len(listed), idle, _aliases(reading, idle), len(visible))


def _look_at(catalog: Catalog, reading: Reading, rule: Visibility | None, limit: int | None) -> Sight:
    listed = count_listed(catalog, SEES_ALL)
    if rule is None:
        return Sight((), listed, (), {}, 0)
    visible = tuple(islice(_visible(catalog, rule), limit))
    count = len(visible) if limit is None else count_listed(catalog, rule)
    idle = tuple(each for each in _patterns(rule) if not is_matched(catalog, only(each, rule)))
    return Sight(visible, listed, idle, _aliases(reading, idle), count)


def _visible(catalog: Catalog, rule: Visibility) -> Iterator[str]:
    """The ids of the models that ``rule`` lists, in the order of the API."""
    return rule.seen(
        model.id
        for block in catalog.blocks
        for model in block.models
        if is_listed(model.lifecycle, hidden=model.hidden)
    )


def idle_patterns(rule: Visibility, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns of ``rule`` that match none of ``ids``, which are sorted."""
    return tuple(each for each in _patterns(rule) if not _matches(only(each, rule), ids))


def _patterns(rule: Visibility) -> Iterable[str]:
    return dict.fromkeys((*rule.allow, *rule.deny))


def _aliases(reading: Reading, idle: Sequence[str]) -> dict[str, str]:
    return dict(reading.aliases(idle)) if idle else {}


def _matches(rule: Visibility, ids: Sequence[str]) -> bool:
    """Whether its one pattern matches one of the sorted ``ids``; only those that begin as it does are tried."""
    beginning = _LITERAL.match(rule.allow[0])
    prefix = "" if beginning is None else beginning[0]
    for number in range(bisect_left(ids, prefix), len(ids)):
        if not ids[number].startswith(prefix):
            return False
        if rule.sees(ids[number]):
            return True
    return False


def _sort_key(model: Listing) -> str:
    return sort_key(parse_instant(model.created_at), model.line, model.id)
