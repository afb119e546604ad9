"""Ids: the ids of many models, found only as far as they are looked at; how many there are is known at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, TypeAlias, overload

#: Up to so many ids are found at once.
MAX_FOUND_IDS: Final = 1000

#: Finds the ids of one part.
Find: TypeAlias = Callable[[], Iterable[str]]


class Ids(Sequence[str]):
    """The ids of models, in order, in parts that are found one after the other whenever they are gone through.

    Two are equal if their parts have the same ids; those of the same two catalogues have the same parts.

    Parameters
    ----------
    parts
        How many ids each part has, at least one, and what finds them.
    """

    __slots__ = ("_parts", "_total")

    def __init__(self, parts: Sequence[tuple[int, Find]]) -> None:
        self._parts = parts
        self._total = sum(count for count, _ in parts)

    def __len__(self) -> int:
        return self._total

    def __iter__(self) -> Iterator[str]:
        for _, find in self._parts:
            yield from find()

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...

    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            start, stop, step = place.indices(self._total)
            return tuple(islice(self, start, stop, step)) if step > 0 else tuple(self)[place]
        at = range(self._total)[place]
        return next(islice(self, at, None))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Ids):
            return NotImplemented
        if self is other:
            return True
        return self._counts() == other._counts() and all(map(str.__eq__, self, other))

    def __hash__(self) -> int:
        return hash(self._counts())

    def __repr__(self) -> str:
        return f"<Ids: {self._total}>"

    def _counts(self) -> tuple[int, ...]:
        return tuple(count for count, _ in self._parts)


def ids_of(parts: Sequence[tuple[int, Find]]) -> Sequence[str]:
    """Return the ids of ``parts``, which are as for `Ids`; a tuple if they are few."""
    found = Ids(parts)
    return tuple(found) if len(found) <= MAX_FOUND_IDS else found
