"""Counts of what rules let be seen of a catalogue in memory.

They are remembered by block, so that after a change only the blocks that it replaced are counted.
"""

from typing import Final
from weakref import WeakKeyDictionary

from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.query import is_listed

#: Rules that are remembered of one block; with one more, all are forgotten.
MAX_REMEMBERED_RULES: Final = 64

_listed: Final[WeakKeyDictionary[Block, dict[Visibility, int]]] = WeakKeyDictionary()
_matched: Final[WeakKeyDictionary[Block, dict[Visibility, int]]] = WeakKeyDictionary()


def only(pattern: str, rule: Visibility) -> Visibility:
    """Return rules that allow what ``pattern``, which is one of ``rule``, means there."""
    return Visibility((pattern,), (), rule.exact & {pattern})


def count_listed(catalog: Catalog, rule: Visibility) -> int:
    """Return how many models ``rule`` lists."""
    return sum(_count_listed(block, rule) for block in catalog.blocks)


def is_matched(catalog: Catalog, rule: Visibility) -> bool:
    """Return whether ``rule`` lets any model be seen, be it listed or not."""
    return any(_count_matched(block, rule) for block in catalog.blocks)


def _count_listed(block: Block, rule: Visibility) -> int:
    known = _known(_listed, block)
    count = known.get(rule)
    if count is None:
        ids = [each.id for each in block.models if is_listed(each.lifecycle, hidden=each.hidden)]
        count = known[rule] = sum(1 for _ in rule.seen(ids))
    return count


def _count_matched(block: Block, rule: Visibility) -> int:
    known = _known(_matched, block)
    count = known.get(rule)
    if count is None:
        count = known[rule] = sum(1 for _ in rule.seen([each.id for each in block.models]))
    return count


def _known(counts: WeakKeyDictionary[Block, dict[Visibility, int]], block: Block) -> dict[Visibility, int]:
    known = counts.get(block)
    if known is None or len(known) >= MAX_REMEMBERED_RULES:
        known = counts[block] = {}
    return known
