"""Catalog: all models in the order of the API, their aliases, and the positions of removed ones.

The order is that of `Model.sort_key`; which models are on a page is decided in ``callsheet/api/paging.py``. Models
are kept in *blocks* of some hundred, so that a change replaces one block and shares the rest: what readers encode
of a block stays valid until that block changes.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from callsheet.domain.model import Model
from callsheet.domain.shards import Shards

_FRESH_BLOCK_MODELS: Final = 256
MAX_BLOCK_MODELS: Final = 2 * _FRESH_BLOCK_MODELS  # a block is split above this


class Block:
    """Consecutive models, in order. Blocks are compared by identity.

    Parameters
    ----------
    models
        At least one.
    past
        The block this one replaces; most of its models are shared.
    """

    __slots__ = ("__weakref__", "lineage", "models")

    def __init__(self, models: tuple[Model, ...], past: "Block | None" = None) -> None:
        self.models = models
        self.lineage: object = object() if past is None else past.lineage
        """The same for a block and for those that replace it: readers key by it what they encode of its models."""


class Catalog:
    """An immutable catalogue.

    Parameters
    ----------
    models
        In any order; no id twice.
    aliases
        Alias to model id.
    tombstones
        Id of a removed model to the sort key it had, so that the id still works as a cursor.
    """

    __slots__ = ("_aliases", "_models", "_tombstones", "blocks", "starts")

    blocks: tuple[Block, ...]
    starts: list[str]
    """The sort key of the first model of each block, for bisection."""

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
        self._set_blocks(_into_blocks(ordered))

    def _set_blocks(self, blocks: Iterable[Block]) -> None:
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

    def is_tombstone(self, text: str) -> bool:
        """Return whether ``text`` was the id of a model that has been removed."""
        return text in self._tombstones

    def locate(self, name: str) -> tuple[str, str] | None:
        """Return id and sort key of the position that ``name`` means as a cursor, or None.

        A cursor is a position, not a row: the id of a removed model keeps its position, even if an alias has
        that name now; else a walk that has just reached the model would jump (contract, section 3).
        """
        model = self._models.get(name)
        if model is not None:
            return name, model.sort_key
        key = self._tombstones.get(name)
        if key is not None:
            return name, key
        model = self.resolve(name)
        return None if model is None else (model.id, model.sort_key)

    @property
    def alias_table(self) -> Shards[str]:
        """Every alias with the id of its model; the same object for as long as none of them changes."""
        return self._aliases

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

        Only the blocks and shards that a changed model was or now is in are replaced.
        """
        models = models or {}
        result = Catalog.__new__(Catalog)
        result._models = self._models.changed(models)
        result._aliases = self._aliases.changed(aliases or {})
        result._tombstones = self._tombstones.changed(tombstones or {})
        if len(models) > len(self.blocks) * 8:  # most blocks would be replaced: sorting once is less work
            kept = (model for model in self if model.id not in models)  # in order already, so sorting is quick
            result._set_blocks(_into_blocks(sorted([*kept, *filter(None, models.values())], key=_by_sort_key)))
        else:
            result.blocks, result.starts = self._blocks_with(models)
        return result

    def _blocks_with(self, changes: Mapping[str, Model | None]) -> tuple[tuple[Block, ...], list[str]]:
        """The blocks, and their first sort keys, with these changes."""
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
        for number in sorted(touched, reverse=True):  # from the last, as the numbers behind a change may shift
            fresh = list(_replacements(sorted(touched[number].values(), key=_by_sort_key), self.blocks[number]))
            blocks[number : number + 1] = fresh
            starts[number : number + 1] = _starts(fresh)
        return tuple(blocks), starts


def _starts(blocks: Iterable[Block]) -> list[str]:
    return [block.models[0].sort_key for block in blocks]


def _by_sort_key(model: Model) -> str:
    return model.sort_key


def _into_blocks(ordered: list[Model]) -> Iterator[Block]:
    for start in range(0, len(ordered), _FRESH_BLOCK_MODELS):
        yield Block(tuple(ordered[start : start + _FRESH_BLOCK_MODELS]))


def _replacements(ordered: list[Model], past: Block) -> Iterable[Block]:
    if len(ordered) > MAX_BLOCK_MODELS:
        return _into_blocks(ordered)
    return [Block(tuple(ordered), past)] if ordered else []
