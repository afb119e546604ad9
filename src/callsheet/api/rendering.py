"""Rendering: models as JSON, each written once for as long as it is unchanged."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, TypeVar

from callsheet.api.body import digest
from callsheet.api.encoded_block import EncodedModel
from callsheet.domain.access.workspace import Shape
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.catalog_slice import CatalogSlice
from callsheet.domain.model import Model
from callsheet.wire import anthropic, openai

#: Of models that only gateways state, in one wire format.
MAX_STATED_BYTES: Final = 32 * 2**20

_STATED_BYTES: Final = 300  # what each takes beside its content

T = TypeVar("T")


class WireFormat(Enum):
    """How a model is written: Anthropic's two shapes, or OpenAI's."""

    CURRENT = "current"
    CLASSIC = "classic"
    OPENAI = "openai"


_WRITE: Final[dict[WireFormat, Callable[[Model], bytes]]] = {
    WireFormat.CURRENT: lambda model: anthropic.write_model(model, Shape.CURRENT),
    WireFormat.CLASSIC: lambda model: anthropic.write_model(model, Shape.CLASSIC),
    WireFormat.OPENAI: openai.write_model,
}


class Rendering:
    """The JSON of models in one wire format, shared by every view of that format.

    It is kept by the lineage of their blocks, as a block shares most of its models with the one that it replaces.
    """

    __slots__ = ("_encoded", "_stated", "_stated_bytes", "_write")

    def __init__(self, wire_format: WireFormat) -> None:
        self._write = _WRITE[wire_format]
        self._encoded: dict[object, dict[str, EncodedModel]] = {}
        self._stated: OrderedDict[str, EncodedModel] = OrderedDict()
        self._stated_bytes = 0

    def of(self, block: Block | None, models: Iterable[Model]) -> list[EncodedModel]:
        """Return ``models``, which are some of ``block``, encoded; only those are written.

        Parameters
        ----------
        block
            A block of the catalogue; None for models that only gateways state.
        models
            Those to encode.
        """
        if block is None:
            return [self._encode_stated(model) for model in models]
        known = self._encoded.setdefault(block.lineage, {})
        if len(known) > 2 * len(block.models) + 8:  # most are of models that are gone
            known.clear()
        result = []
        for model in models:
            encoded = known.get(model.id)
            if encoded is None or encoded.model is not model:
                content = self._write(model)
                encoded = known[model.id] = EncodedModel(model, content, digest(content))
            result.append(encoded)
        return result

    def _encode_stated(self, model: Model) -> EncodedModel:
        """A model of no catalogue, encoded; of those, the bytes bound how many are kept."""
        stated = self._stated
        encoded = stated.get(model.id)
        if encoded is not None and encoded.model is model:
            return encoded
        content = self._write(model)
        fresh = EncodedModel(model, content, digest(content))
        if encoded is not None:
            self._stated_bytes -= _STATED_BYTES + len(encoded.content)
        stated[model.id] = fresh
        self._stated_bytes += _STATED_BYTES + len(content)
        while self._stated_bytes > MAX_STATED_BYTES and stated:
            try:
                _, dropped = stated.popitem(last=False)
            except KeyError:  # another thread emptied it
                break
            self._stated_bytes -= _STATED_BYTES + len(dropped.content)
        return fresh

    def forget(self) -> None:
        """Drop everything; models are written again when they are asked for."""
        self._encoded = {}
        self._stated, self._stated_bytes = OrderedDict(), 0

    def keep_present(self, catalog: Catalog) -> None:
        """Drop the lineages that ``catalog`` no longer has, once they are many."""
        self._encoded = present_lineages(self._encoded, catalog)


def present_lineages(by_lineage: dict[object, T], catalog: Catalog | CatalogSlice) -> dict[object, T]:
    """Return ``by_lineage`` without the lineages that ``catalog`` no longer has, once they are many."""
    if len(by_lineage) <= len(catalog.blocks) * 5 // 4 + 8:  # less than the double: all may be new at once
        return by_lineage
    return {block.lineage: by_lineage[block.lineage] for block in catalog.blocks if block.lineage in by_lineage}
