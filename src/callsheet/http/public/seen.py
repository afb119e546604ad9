"""SeenFilter: which things were seen lately, known by hash alone, so that only what comes again is cached."""

from array import array
from collections.abc import Hashable
from typing import Final

_BITS: Final = 14  # 16,384 slots of four bytes: few enough to stay in the processor's cache
_SLOT_MASK: Final = 2**_BITS - 1
_MARK_MASK: Final = 2**32 - 1


class SeenFilter:
    """A table of fixed size: every thing has one slot, and the last one seen there occupies it."""

    __slots__ = ("_marks",)

    def __init__(self) -> None:
        self._marks = array("I", bytes(4 * 2**_BITS))

    def __contains__(self, thing: Hashable) -> bool:
        """Return whether ``thing`` was seen lately."""
        number = hash(thing)
        return self._marks[number & _SLOT_MASK] == number >> _BITS & _MARK_MASK

    def add(self, thing: Hashable) -> bool:
        """Mark ``thing`` as seen; return whether it was seen lately."""
        number = hash(thing)
        slot, mark = number & _SLOT_MASK, number >> _BITS & _MARK_MASK
        if self._marks[slot] == mark:
            return True
        self._marks[slot] = mark
        return False
