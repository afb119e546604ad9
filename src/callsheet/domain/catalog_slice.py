"""CatalogSlice: the catalogue as one grant shows it, made with work for the models of the grant alone."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from callsheet.domain.access.delegation import KeyMode
from callsheet.domain.access.grant import NOTHING_GRANTED, GrantedModels
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import MAX_BLOCK_MODELS, Block, Catalog
from callsheet.domain.model import Model

_OBSERVE: Final = KeyMode.OBSERVE  # a name is found ten times quicker than a member
_GOVERN: Final = KeyMode.GOVERN

_SLICE_BYTES: Final = 1000
_MODEL_BYTES: Final = 150  # its place in a dictionary and a block


class CatalogSlice:
    """What a delegated key sees of a catalogue. Immutable; like a `Catalog`, as far as views ask one.

    Parameters
    ----------
    parent
        The whole catalogue.
    granted
        What the gateway listed to the key.
    former
        What it listed to it before: those ids are positions still, and nothing else.
    mode
        Whose word counts.
    rules
        What the workspace shows, with the ids of ``parent`` as `Visibility.exact`; only ``govern`` applies them.
    past
        The slice of an earlier catalogue for the same grant; blocks that are still the same are taken from it.
    """

    __slots__ = ("_models", "_places", "blocks", "parent", "starts")

    blocks: tuple[Block, ...]
    starts: list[str]
    """The sort key of the first model of each block, for bisection."""

    def __init__(
        self,
        parent: Catalog,
        granted: GrantedModels,
        former: GrantedModels,
        mode: KeyMode,
        rules: Visibility,
        past: "CatalogSlice | None" = None,
    ) -> None:
        self.parent = parent
        self._models: dict[str, Model] = {}
        self._places: dict[str, str] = {}  # sort keys of cursors that are no models
        if former is not NOTHING_GRANTED:
            for model_id in _seen(former, mode, rules):
                key = _key(parent, former, mode, model_id)
                if key is not None:
                    self._places[model_id] = key
        for model_id in _seen(granted, mode, rules):
            model = _model(parent, granted, mode, model_id)
            if model is not None:
                self._models[model_id] = model
            elif (key := _key(parent, granted, mode, model_id)) is not None:
                self._places[model_id] = key
        self.blocks = _blocks(self._models.values(), () if past is None else past.blocks)
        self.starts = [block.models[0].sort_key for block in self.blocks]

    def __len__(self) -> int:
        return len(self._models)

    @property
    def size_bytes(self) -> int:
        """About what it takes, without the models."""
        return _SLICE_BYTES + _MODEL_BYTES * (len(self._models) + len(self._places))

    def get(self, model_id: str) -> Model | None:
        """Return the model with this id, if it is granted; an alias is not an id."""
        return self._models.get(model_id)

    def id_of(self, name: str) -> str:
        """Return the id of the model that ``name`` is an alias of; any other name as it is."""
        return self.parent.id_of(name)

    def has_id(self, text: str) -> bool:
        """Return whether ``text`` is the id of a granted model, or was that of one."""
        return text in self._models or text in self._places

    def locate(self, name: str) -> tuple[str, str] | None:
        """Return id and sort key of the position that ``name`` means as a cursor, or None.

        A name that is not granted takes the same steps, whether or not the whole catalogue has it.
        """
        model, key = self._models.get(name), self._places.get(name)
        aliased = self._models.get(self.parent.id_of(name))
        if model is not None:
            return name, model.sort_key
        if key is not None:
            return name, key
        return None if aliased is None else (aliased.id, aliased.sort_key)

    def homes(self, models: Iterable[Model]) -> Iterator[tuple[Block | None, Model]]:
        """Yield each of ``models`` with the block of ``parent`` that has it; None if only the gateway states it."""
        parent = self.parent
        for model in models:
            is_of_parent = parent.get(model.id) is model
            yield parent.blocks[bisect_right(parent.starts, model.sort_key) - 1] if is_of_parent else None, model


def _seen(granted: GrantedModels, mode: KeyMode, rules: Visibility) -> Iterator[str]:
    """The ids that the rules show; another name of a model is shown if that is."""
    if mode is not _GOVERN:
        return iter(granted.ids)
    if not granted.sources:
        return rules.seen(granted.ids)
    return (model_id for model_id in granted.ids if rules.sees(granted.sources.get(model_id, model_id)))


def _model(parent: Catalog, granted: GrantedModels, mode: KeyMode, model_id: str) -> Model | None:
    """The model that stands for an id of the gateway, or None if none is shown."""
    if mode is _OBSERVE:
        return granted.stated[model_id]
    source = granted.sources.get(model_id, model_id)
    model = parent.get(source)
    if model is None:
        return None if mode is _GOVERN or parent.is_tombstone(source) else granted.stated[model_id]
    return model if source == model_id else _called(model, granted.stated[model_id])


def _called(model: Model, stated: Model) -> Model:
    """``model`` under the name that the gateway gives to it."""
    has_name = model.display_name != model.id
    return replace(model, id=stated.id, display_name=model.display_name if has_name else stated.display_name)


def _key(parent: Catalog, granted: GrantedModels, mode: KeyMode, model_id: str) -> str | None:
    """The sort key that an id of the gateway has, or had, where ``mode`` shows models; None if it never had one."""
    if model_id in granted.sources:
        model = _model(parent, granted, mode, model_id)
        return None if model is None else model.sort_key
    if mode is not _OBSERVE:
        if parent.has_id(model_id):
            place = parent.locate(model_id)
            return None if place is None else place[1]
        if mode is _GOVERN:
            return None
    return granted.stated[model_id].sort_key


def _blocks(models: Iterable[Model], past: tuple[Block, ...]) -> tuple[Block, ...]:
    """The models in order, in blocks; a block of ``past`` with the very same models is kept."""
    ordered = sorted(models, key=lambda model: model.sort_key)
    cut = [tuple(ordered[start : start + MAX_BLOCK_MODELS]) for start in range(0, len(ordered), MAX_BLOCK_MODELS)]
    kept = {id(block.models[0]): block for block in past}
    return tuple([_kept(kept.get(id(some[0])), some) or Block(some) for some in cut])


def _kept(block: Block | None, models: tuple[Model, ...]) -> Block | None:
    """``block`` if its models are ``models``."""
    if block is None or len(block.models) != len(models):
        return None
    return block if all(one is other for one, other in zip(block.models, models, strict=True)) else None
