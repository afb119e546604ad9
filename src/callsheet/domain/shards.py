"""Shards: an immutable mapping of which a copy with a few changed keys is cheap, however large it is."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Generic, TypeVar

Value = TypeVar("Value")

_SHARD_COUNT: Final = 1024


class Shards(Generic[Value]):
    """A mapping from text to values, spread over small dictionaries; a change copies only those that it affects.

    A plain dictionary of a million keys takes tens of milliseconds to copy; a shard of it, microseconds.
    """

    __slots__ = ("__weakref__", "_shards")

    def __init__(self, items: Iterable[tuple[str, Value]] = ()) -> None:
        filled: dict[int, dict[str, Value]] = {}
        for key, value in items:
            filled.setdefault(hash(key) % _SHARD_COUNT, {})[key] = value
        empty: dict[str, Value] = {}  # shared: a shard is never written to, only replaced
        self._shards = [empty] * _SHARD_COUNT
        for number, shard in filled.items():
            self._shards[number] = shard

    def get(self, key: str) -> Value | None:
        """Return the value of ``key``, or None."""
        return self._shards[hash(key) % _SHARD_COUNT].get(key)

    def __contains__(self, key: str) -> bool:
        return key in self._shards[hash(key) % _SHARD_COUNT]

    def __len__(self) -> int:
        return sum(map(len, self._shards))

    def __iter__(self) -> Iterator[str]:
        for shard in self._shards:
            yield from shard

    def items(self) -> Iterator[tuple[str, Value]]:
        """Yield every key and value, in no particular order."""
        for shard in self._shards:
            yield from shard.items()

    def differing(self, other: "Shards[Value]") -> Iterator[tuple[str, Value | None, Value | None]]:
        """Yield each key with another value here than in ``other``: the key, and its value here and there.

        It is quick if one has come from the other by few changes.
        """
        for own, others in zip(self._shards, other._shards, strict=True):
            if own is not others:
                for key in {**own, **others}:
                    value, before = own.get(key), others.get(key)
                    if value is not before and value != before:
                        yield key, value, before

    def changed(self, changes: Mapping[str, Value | None]) -> "Shards[Value]":
        """Return these shards with the keys of ``changes`` set, or dropped where the value is None."""
        if not changes:
            return self
        shards = self._shards.copy()
        copied: set[int] = set()
        for key, value in changes.items():
            number = hash(key) % _SHARD_COUNT
            if number not in copied:
                copied.add(number)
                shards[number] = shards[number].copy()
            if value is None:
                shards[number].pop(key, None)
            else:
                shards[number][key] = value
        result: Shards[Value] = Shards.__new__(Shards)
        result._shards = shards
        return result
