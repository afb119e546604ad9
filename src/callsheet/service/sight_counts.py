"""Counts of what rules let be seen of a catalogue in memory.

They are remembered by block, so that after a change only the blocks that it replaced are counted.
"""

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from callsheet.domain.access.visibility import SEES_ALL, Visibility
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.model import Model
from callsheet.domain.query import is_listed

#: Rules that are remembered of one block; with one more, all are forgotten.
MAX_REMEMBERED_RULES: Final = 64

#: Pairs of rules, as above.
MAX_REMEMBERED_PAIRS: Final = 16

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Tally(NamedTuple):
    """What rules let be seen of one block.

    Parameters
    ----------
    listed, unlisted
        How many models lists show, and how many others can be retrieved.
    lines
        The lines of the listed ones.
    """

    listed: int
    unlisted: int
    lines: frozenset[str | None]


class Shift(NamedTuple):
    """What other rules let be seen of one block than before.

    Parameters
    ----------
    gains, gains_unlisted
        How many models are listed by the new rules alone, and how many others can be retrieved by them alone.
    loses, loses_unlisted
        The same by the former rules alone.
    lines_lost
        The lines of the models that are no longer listed.
    """

    gains: int
    gains_unlisted: int
    loses: int
    loses_unlisted: int
    lines_lost: frozenset[str | None]


_tallies: Final[WeakKeyDictionary[Block, dict[Visibility, Tally]]] = WeakKeyDictionary()
_matched: Final[WeakKeyDictionary[Block, dict[Visibility, int]]] = WeakKeyDictionary()
_shifts: Final[WeakKeyDictionary[Block, dict[tuple[Visibility, Visibility], Shift]]] = WeakKeyDictionary()


def only(pattern: str, rule: Visibility) -> Visibility:
    """Return rules that allow what ``pattern``, which is one of ``rule``, means there."""
    return Visibility((pattern,), (), rule.exact & {pattern})


def count_listed(catalog: Catalog, rule: Visibility) -> int:
    """Return how many models ``rule`` lists."""
    return sum(tally(block, rule).listed for block in catalog.blocks)


def is_matched(catalog: Catalog, rule: Visibility) -> bool:
    """Return whether ``rule`` lets any model be seen, be it listed or not."""
    return any(_count_matched(block, rule) for block in catalog.blocks)


def tally(block: Block, rule: Visibility) -> Tally:
    """Return what ``rule``, which knows which of its patterns are ids, lets be seen of ``block``."""
    found = _known(_tallies, block).get(rule)
    return _remember(_tallies, block, rule, _tally(block, rule), MAX_REMEMBERED_RULES) if found is None else found


def shift(block: Block, was: Visibility, now: Visibility) -> Shift:
    """Return what ``now`` lets be seen of ``block`` otherwise than ``was``; both know which patterns are ids."""
    found = _known(_shifts, block).get((was, now))
    if found is None:
        found = _remember(_shifts, block, (was, now), _shift(block, was, now), MAX_REMEMBERED_PAIRS)
    return found


def _tally(block: Block, rule: Visibility) -> Tally:
    seen = block.models if rule == SEES_ALL else _seen(block, rule)
    lines = [each.line for each in seen if is_listed(each.lifecycle, hidden=each.hidden)]
    return Tally(len(lines), len(seen) - len(lines), frozenset(lines))


def _shift(block: Block, was: Visibility, now: Visibility) -> Shift:
    ids = [each.id for each in block.models]
    saw, sees = (set(rule.seen(ids)) for rule in (was, now))
    gained, lost = sees - saw, saw - sees
    if not gained and not lost:
        return Shift(0, 0, 0, 0, frozenset())
    listed = [each for each in block.models if each.id in gained or each.id in lost]
    if tally(block, SEES_ALL).unlisted:
        listed = [each for each in listed if is_listed(each.lifecycle, hidden=each.hidden)]
    lines = [each.line for each in listed if each.id in lost]
    gains, loses = len(listed) - len(lines), len(lines)
    return Shift(gains, len(gained) - gains, loses, len(lost) - loses, frozenset(lines))


def _seen(block: Block, rule: Visibility) -> list[Model]:
    ids = [each.id for each in block.models]
    seen = list(rule.seen(ids))
    if not seen or len(seen) == len(ids):
        return list(block.models) if seen else []
    every = set(seen)
    return [each for each in block.models if each.id in every]


def _count_matched(block: Block, rule: Visibility) -> int:
    count = _known(_matched, block).get(rule)
    if count is None:
        count = sum(1 for _ in rule.seen([each.id for each in block.models]))
        _remember(_matched, block, rule, count, MAX_REMEMBERED_RULES)
    return count


def _known(counts: WeakKeyDictionary[Block, dict[K, V]], block: Block) -> Mapping[K, V]:
    return counts.get(block) or {}


def _remember(counts: WeakKeyDictionary[Block, dict[K, V]], block: Block, key: K, found: V, most: int) -> V:
    known = counts.get(block)
    if known is None or len(known) >= most:
        known = counts[block] = {}
    known[key] = found = _shared(found)
    return found


@lru_cache(maxsize=4096)
def _shared(counts: V) -> V:
    """The same object for equal counts, as those of many blocks are equal."""
    return counts
