"""Recent: what came lately, known by hash alone, so that only what comes again is remembered."""

from array import array
from collections.abc import Hashable
from typing import Final

_BITS: Final = 14  # 16,384 places of four bytes: this much stays in the processor's own memory
_PLACE: Final = 2**_BITS - 1
_MARK: Final = 2**32 - 1


class SeenFilter:
    """Marks in a table that never grows: everything has one place, and what came last stands in it."""

    __slots__ = ("_marks",)

    def __init__(self) -> None:
        self._marks = array("I", bytes(4 * 2**_BITS))

    def came(self, thing: Hashable) -> bool:
        """Return whether ``thing`` came lately."""
        number = hash(thing)
        return self._marks[number & _PLACE] == number >> _BITS & _MARK

    def again(self, thing: Hashable) -> bool:
        """Return whether ``thing`` came lately, and note that it came."""
        number = hash(thing)
        place, mark = number & _PLACE, number >> _BITS & _MARK
        if self._marks[place] == mark:
            return True
        self._marks[place] = mark
        return False
