"""Interning: equal values are kept once, and counted, for as long as one of them is in use."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Interned(Generic[Value]):
    """Values in use, each kept once.

    Parameters
    ----------
    key
        Returns what two values share exactly if they are equal.
    size
        Returns about how many bytes a value takes.
    """

    __slots__ = ("_counted", "_key", "_size", "total_bytes")

    def __init__(self, key: Callable[[Value], Hashable], size: Callable[[Value], int]) -> None:
        self._key = key
        self._size = size
        self._counted: dict[Hashable, tuple[Value, int]] = {}
        self.total_bytes = 0
        """Of all values, each counted once."""

    def __len__(self) -> int:
        return len(self._counted)

    def find(self, value: Value) -> Value | None:
        """Return the kept value that equals ``value``, or None."""
        known = self._counted.get(self._key(value))
        return None if known is None else known[0]

    def take(self, value: Value) -> Value:
        """Return the one kept of all values that equal ``value``; `drop` takes back one call of this."""
        key = self._key(value)
        known = self._counted.get(key)
        if known is None:
            self._counted[key] = value, 1
            self.total_bytes += self._size(value)
            return value
        kept, count = known
        self._counted[key] = kept, count + 1
        return kept

    def drop(self, value: Value) -> bool:
        """Note that ``value`` is in use once less; return whether it is kept no longer."""
        key = self._key(value)
        kept, count = self._counted[key]
        if count > 1:
            self._counted[key] = kept, count - 1
            return False
        del self._counted[key]
        self.total_bytes -= self._size(kept)
        return True
