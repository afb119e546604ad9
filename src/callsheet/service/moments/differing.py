"""Differing: the things of one kind that are other at a moment than they are now, read when they are asked for."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")

#: Gives what differs: all of it, or that of these ids. The value is None for what is not there at the moment.
Fetch = Callable[[Iterable[str] | None], Iterable[tuple[str, T | None]]]


class Differing(Generic[T]):
    """By id, what things are at a moment, as far as that is not what they are now.

    Parameters
    ----------
    fetch
        Reads it. What was read once is not read again.
    """

    def __init__(self, fetch: Fetch[T]) -> None:
        self._fetch = fetch
        self._all: dict[str, T | None] | None = None
        self._known: dict[str, T | None] = {}
        self._asked: set[str] = set()

    @classmethod
    def of(cls, values: Mapping[str, T | None]) -> "Differing[T]":
        """Return what differs if it is known already."""
        result = cls(lambda _ids: ())
        result._all = dict(values)
        return result

    @property
    def complete(self) -> Mapping[str, T | None] | None:
        """All that differs, if that has been read; else None."""
        return self._all

    def everything(self) -> Mapping[str, T | None]:
        """Return all that differs."""
        if self._all is None:
            self._all = dict(self._fetch(None))
        return self._all

    def among(self, ids: Iterable[str]) -> Mapping[str, T | None]:
        """Return what of these ``ids`` differs."""
        wanted = list(dict.fromkeys(ids))
        if self._all is None:
            missing = [each for each in wanted if each not in self._asked]
            self._known.update(self._fetch(missing) if missing else ())
            self._asked.update(missing)
        known = self._known if self._all is None else self._all
        return {each: known[each] for each in wanted if each in known}

    def over(
        self,
        present: Callable[[Iterable[str] | None], Iterable[T]],
        id_of: Callable[[T], str],
        ids: Iterable[str] | None = None,
    ) -> Iterator[T]:
        """Yield the things of the moment from those at present, all or those with these ``ids``, in no order."""
        if ids is None:
            other = self.everything()
            yield from (each for each in present(None) if id_of(each) not in other)
        else:
            wanted = list(dict.fromkeys(ids))
            other = self.among(wanted)
            yield from present([each for each in wanted if each not in other])
        yield from (each for each in other.values() if each is not None)
