"""Catalog: all models in the order of the API, their aliases, and the places of removed ones.

Models stand in *blocks* of some hundred, so that a change replaces one block and shares the rest: what
readers prepare from a block stays good until the block itself changes.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from callsheet.domain.model import Model
from callsheet.domain.shards import Shards

_BLOCK: Final = 256  # models in a fresh block
MOST_IN_BLOCK: Final = 2 * _BLOCK  # a block is split above this


class Block:
    """A run of models in order. Compared by identity: two blocks are the same only if they are one.

    Parameters
    ----------
    models
        At least one.
    past
        The block that it is to replace, with which it has most models in common.
    """

    __slots__ = ("lineage", "models")

    def __init__(self, models: tuple[Model, ...], past: "Block | None" = None) -> None:
        self.models = models
        self.lineage: object = object() if past is None else past.lineage
        """The same for a block and whatever replaces it: where readers keep what they prepared of its models."""


class Catalog:
    """An immutable catalogue.

    Parameters
    ----------
    models
        In any order; no id twice.
    aliases
        Alias to model id.
    tombstones
        Id of a removed model to the sort key it had, so that it still works as a cursor.
    """

    __slots__ = ("_aliases", "_models", "_tombstones", "blocks", "starts")

    blocks: tuple[Block, ...]
    starts: list[str]
    """The sort key each block begins with, for bisection."""

    def __init__(
        self,
        models: Iterable[Model] = (),
        aliases: Mapping[str, str] | None = None,
        tombstones: Mapping[str, str] | None = None,
    ) -> None:
        ordered = sorted(models, key=_by_sort_key)
        self._models = Shards((model.id, model) for model in ordered)
        self._aliases = Shards((aliases or {}).items())
        self._tombstones = Shards((tombstones or {}).items())
        self._lay(_cut(ordered))

    def _lay(self, blocks: Iterable[Block]) -> None:
        self.blocks = tuple(blocks)
        self.starts = _starts(self.blocks)

    def __len__(self) -> int:
        return len(self._models)

    def __iter__(self) -> Iterator[Model]:
        for block in self.blocks:
            yield from block.models

    def get(self, model_id: str) -> Model | None:
        """Return the model with this id; an alias is not an id."""
        return self._models.get(model_id)

    def resolve(self, name: str) -> Model | None:
        """Return the model that ``name``, an id or an alias, means."""
        model = self._models.get(name)
        return self._models.get(self.id_of(name)) if model is None else model

    def id_of(self, name: str) -> str:
        """Return the id of the model that ``name`` is an alias of; any other name as it is."""
        return self._aliases.get(name) or name

    def has_id(self, text: str) -> bool:
        """Return whether ``text`` is the id of a model, or was that of one that has been removed."""
        return text in self._models or text in self._tombstones

    def locate(self, name: str) -> tuple[str, str] | None:
        """Return id and sort key of the place that ``name`` means as a cursor, or None.

        A cursor is a position, not a row: the id of a removed model keeps its place, even when an alias has
        taken its name since, or a walk that stands on it would jump (contract, section 3).
        """
        model = self._models.get(name)
        if model is not None:
            return name, model.sort_key
        key = self._tombstones.get(name)
        if key is not None:
            return name, key
        model = self.resolve(name)
        return None if model is None else (model.id, model.sort_key)

    def aliases(self) -> dict[str, str]:
        """Return every alias with the id of its model, sorted."""
        return dict(sorted(self._aliases.items()))

    def tombstones(self) -> dict[str, str]:
        """Return the id of every removed model with the sort key it had, sorted."""
        return dict(sorted(self._tombstones.items()))

    def changed(
        self,
        models: Mapping[str, Model | None] | None = None,
        aliases: Mapping[str, str | None] | None = None,
        tombstones: Mapping[str, str | None] | None = None,
    ) -> "Catalog":
        """Return this catalogue with models, aliases and tombstones set, or dropped where the value is None.

        Only the blocks and shards that a changed model stood or now stands in are made anew.
        """
        models = models or {}
        result = Catalog.__new__(Catalog)
        result._models = self._models.changed(models)
        result._aliases = self._aliases.changed(aliases or {})
        result._tombstones = self._tombstones.changed(tombstones or {})
        if len(models) > len(self.blocks) * 8:  # most would be touched: sorting once is less work
            kept = (model for model in self if model.id not in models)  # in order: quicker to sort
            result._lay(_cut(sorted([*kept, *filter(None, models.values())], key=_by_sort_key)))
        else:
            result.blocks, result.starts = self._blocks_with(models)
        return result

    def _blocks_with(self, changes: Mapping[str, Model | None]) -> tuple[tuple[Block, ...], list[str]]:
        """Blocks, and where they start, with these changes."""
        touched: dict[int, dict[str, Model]] = {}

        def block_at(key: str) -> dict[str, Model]:
            number = max(bisect_right(self.starts, key) - 1, 0)
            if number not in touched:
                touched[number] = {model.id: model for model in self.blocks[number].models}
            return touched[number]

        for model_id in changes:
            present = self._models.get(model_id)
            if present is not None:
                del block_at(present.sort_key)[model_id]
        for model in filter(None, changes.values()):
            block_at(model.sort_key)[model.id] = model
        blocks, starts = list(self.blocks), self.starts.copy()
        for number in sorted(touched, reverse=True):  # from behind, as numbers may shift
            fresh = list(_split(sorted(touched[number].values(), key=_by_sort_key), self.blocks[number]))
            blocks[number : number + 1] = fresh
            starts[number : number + 1] = _starts(fresh)
        return tuple(blocks), starts


def _starts(blocks: Iterable[Block]) -> list[str]:
    return [block.models[0].sort_key for block in blocks]


def _by_sort_key(model: Model) -> str:
    return model.sort_key


def _cut(ordered: list[Model]) -> Iterator[Block]:
    for start in range(0, len(ordered), _BLOCK):
        yield Block(tuple(ordered[start : start + _BLOCK]))


def _split(ordered: list[Model], past: Block) -> Iterable[Block]:
    if len(ordered) > MOST_IN_BLOCK:
        return _cut(ordered)
    return [Block(tuple(ordered), past)] if ordered else []
