"""Part: some of the models that are seen, for a page; of a long catalogue, without looking at all of it."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from callsheet.domain.catalog import Catalog
from callsheet.domain.errors import InvalidError
from callsheet.domain.model import Model
from callsheet.service.explain.seeing import Sighting

#: Models that are looked at for one page, seen or not.
MAX_LOOKED_MODELS: Final = 50_000

#: Yields which of some models are seen, in their order.
See = Callable[[Iterable[Model]], Iterator[Sighting]]


class Page(NamedTuple):
    """A part of what is seen.

    Parameters
    ----------
    sightings
        The models, in the order of the API.
    has_more
        Whether there may be more in the direction that was asked for.
    first_id, last_id
        Where to go on from in either direction: models that are seen, or the last ones that were looked at.
    """

    sightings: Sequence[Sighting]
    has_more: bool
    first_id: str | None
    last_id: str | None


class Part(NamedTuple):
    """Which of the models that are seen are wanted, in the order of the API.

    Parameters
    ----------
    limit
        How many at most; None for all. With it, at most `MAX_LOOKED_MODELS` are looked at, so that a page may have
        fewer although more follow.
    after_id, before_id
        Only those behind, or before, the position that this name means; before it, the nearest ones. None for any.
    """

    limit: int | None = None
    after_id: str | None = None
    before_id: str | None = None

    def of(self, catalog: Catalog, see: See) -> Page:
        """Return what ``see`` yields of this part of the catalogue; InvalidError if a cursor means no position."""
        is_backward = self.before_id is not None and self.after_id is None
        models = self._backwards(catalog) if is_backward else self._forwards(catalog)
        looked_at = _Looked(models, None if self.limit is None else MAX_LOOKED_MODELS)
        found = list(islice(see(looked_at), None if self.limit is None else self.limit + 1))
        shown = found[: self.limit]
        is_full = len(found) > len(shown)
        near, far = (shown[0].model.id, shown[-1].model.id) if shown else (None, None)
        if looked_at.is_stopped and not is_full:
            far = looked_at.last_id
        has_more = is_full or looked_at.is_stopped
        if is_backward:
            return Page(shown[::-1], has_more, far, near or far)
        return Page(shown, has_more, near or far, far)

    def _forwards(self, catalog: Catalog) -> Iterator[Model]:
        if self.after_id is None:
            yield from catalog
            return
        key = _key(catalog, self.after_id)
        for number in range(max(bisect_right(catalog.starts, key) - 1, 0), len(catalog.blocks)):
            yield from (model for model in catalog.blocks[number].models if model.sort_key > key)

    def _backwards(self, catalog: Catalog) -> Iterator[Model]:
        key = _key(catalog, self.before_id or "")
        for number in range(bisect_right(catalog.starts, key) - 1, -1, -1):
            yield from (model for model in reversed(catalog.blocks[number].models) if model.sort_key < key)


class _Looked:
    """Models that are looked at, up to so many."""

    def __init__(self, models: Iterator[Model], most: int | None) -> None:
        self._models = models
        self._most = most
        self.is_stopped = False
        """Whether there were more."""
        self.last_id: str | None = None

    def __iter__(self) -> Iterator[Model]:
        for number, model in enumerate(self._models):
            if number == self._most:
                self.is_stopped = True
                return
            self.last_id = model.id
            yield model


def _key(catalog: Catalog, cursor: str) -> str:
    found = catalog.locate(cursor)
    if found is None:
        raise InvalidError(f"There is no model {cursor[:80]!r} to go on from.")
    return found[1]


WHOLE: Final = Part()
