"""Search: the models of a catalogue that fit, page by page, in the order of the Models API."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter
from typing import Final, NamedTuple

from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.model import Model
from callsheet.service.searching.block_text import BlockText, Word, as_word, text_of
from callsheet.service.searching.texts import TEXTS, Aliases, Texts
from callsheet.service.searching.wanted import Facets, Wanted, facets_among, facets_of

#: Blocks whose models are counted while a person waits; some 10,000 models, which takes some milliseconds.
MAX_WAITED_BLOCKS: Final = 40

_sort_key = attrgetter("sort_key")


class Found(NamedTuple):
    """A page of what was found.

    Parameters
    ----------
    models
        In the order of the Models API, each with its aliases, sorted.
    has_more
        Whether others follow in the direction of the page.
    """

    models: Sequence[tuple[Model, Sequence[str]]]
    has_more: bool


def search(
    catalog: Catalog,
    wanted: Wanted,
    limit: int,
    after: str | None = None,
    before: str | None = None,
    texts: Texts = TEXTS,
) -> Found:
    """Return the models of ``catalog`` that fit.

    Parameters
    ----------
    catalog, wanted
        Among which, and which.
    limit
        How many at most, at least 1.
    after, before
        The sort keys of the positions that they begin after and end before; there need be no such model. With
        ``before`` alone, the last ones before it.
    texts
        Keeps what is searched.
    """
    backwards = before is not None and after is None
    fitting = _Fitting(catalog, wanted, texts).walk(after, before, backwards=backwards)
    found = list(islice(fitting, limit + 1))
    page = found[:limit][::-1] if backwards else found[:limit]
    aliases = texts.aliases(catalog).by_model if page else {}
    return Found([(model, aliases.get(model.id, ())) for model in page], len(found) > limit)


def count_facets(catalog: Catalog, texts: Texts = TEXTS, *, waits: bool = True) -> Mapping[Facets, int] | None:
    """Return how many models have which facets.

    Without ``waits``, None if many models are still to be looked at; that then begins in the background.
    """
    if not waits and sum(not texts.has(block) for block in catalog.blocks) > MAX_WAITED_BLOCKS:
        texts.warm(catalog)
        return None
    counts: Counter[Facets] = Counter()
    for block in catalog.blocks:
        counts.update(texts.of(block).facets)
    return counts


class _Fitting:
    """The models of a catalogue that fit, block by block."""

    def __init__(self, catalog: Catalog, wanted: Wanted, texts: Texts) -> None:
        self._catalog = catalog
        self._wanted = wanted
        self._texts = texts
        self._words = [as_word(word) for word in wanted.words]
        self._filters = wanted != Wanted(words=wanted.words)
        self._named = [_named_by(word, texts.aliases(catalog)) for word in self._words]
        models = map(catalog.get, frozenset().union(*self._named))
        self._aliased = sorted((model for model in models if model is not None), key=_sort_key)

    def walk(self, after: str | None, before: str | None, *, backwards: bool) -> Iterator[Model]:
        """Yield those behind ``after`` and before ``before``, sort keys; the last first if ``backwards``."""
        blocks = self._catalog.blocks
        first = 0 if after is None else self._block_at(after)
        last = len(blocks) - 1 if before is None else min(self._block_at(before), len(blocks) - 1)
        numbers = range(first, last + 1)
        for number in reversed(numbers) if backwards else numbers:
            models = self._of_block(blocks[number])
            if after is not None and number == first:
                models = models[bisect_right(models, after, key=_sort_key) :]
            if before is not None and number == last:
                models = models[: bisect_left(models, before, key=_sort_key)]
            yield from reversed(models) if backwards else models

    def _block_at(self, key: str) -> int:
        return max(bisect_right(self._catalog.starts, key) - 1, 0)

    def _of_block(self, block: Block) -> Sequence[Model]:
        wanted, text = self._wanted, self._texts.known(block)
        if text is None:
            if not self._may_fit(block):
                return ()
            text = self._texts.of(block)
        taken = sum(map(wanted.takes, text.facets)) if self._filters else len(text.facets)
        if not taken:
            return ()
        models: Sequence[Model] = block.models
        if self._words:
            places = text.places(self._words)
            if self._aliased:
                places = sorted({*places, *self._aliased_places(block, text)})
            models = [models[place] for place in places]
        if taken < len(text.facets):
            models = [model for model in models if wanted.takes(facets_of(model))]
        return models

    def _may_fit(self, block: Block) -> bool:
        """Whether models of a block may fit; of most blocks it says that none does, without reading all of them."""
        if self._filters and not any(map(self._wanted.takes, facets_among(block.models))):
            return False
        unnamed = [word.text for word, ids in zip(self._words, self._named, strict=True) if not ids]
        text = text_of(block) if unnamed else b""
        return all(word in text for word in unnamed)

    def _aliased_places(self, block: Block, text: BlockText) -> Iterator[int]:
        """Yield the places of the models that have every word, some of them in an alias."""
        keys = block.models[0].sort_key, block.models[-1].sort_key
        first = bisect_left(self._aliased, keys[0], key=_sort_key)
        last = bisect_right(self._aliased, keys[1], first, key=_sort_key)
        lines = text.lines() if first < last else ()
        for model in self._aliased[first:last]:
            place = bisect_left(block.models, model.sort_key, key=_sort_key)
            named = zip(self._words, self._named, strict=True)
            if all(model.id in ids or word.text in lines[place] for word, ids in named):
                yield place


def _named_by(word: Word, aliases: Aliases) -> frozenset[str]:
    """The ids of the models that have an alias with ``word`` in it."""
    named = zip(aliases.lines, aliases.model_ids, strict=True)
    return frozenset(model_id for line, model_id in named if word.text in line)
