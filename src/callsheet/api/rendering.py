"""Rendering: models as JSON, each written once for as long as it stands unchanged."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, TypeVar

from callsheet.api.body import digest
from callsheet.api.encoded_block import EncodedModel
from callsheet.domain.access.workspace import Shape
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.model import Model
from callsheet.wire import anthropic, openai

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
    """The JSON of models in one form, shared by every view of that form.

    It is kept by the lineage of their blocks: where a block was replaced, most of its models are the same ones.
    """

    __slots__ = ("_pieces", "_write")

    def __init__(self, form: WireFormat) -> None:
        self._write = _WRITE[form]
        self._pieces: dict[object, dict[str, EncodedModel]] = {}

    def of(self, block: Block, models: Iterable[Model]) -> list[EncodedModel]:
        """Return models of ``block``, written; its others are not written for that."""
        pieces = self._pieces.setdefault(block.lineage, {})
        if len(pieces) > 2 * len(block.models) + 8:  # most are of models that are gone
            pieces.clear()
        written = []
        for model in models:
            piece = pieces.get(model.id)
            if piece is None or piece.model is not model:
                content = self._write(model)
                piece = pieces[model.id] = EncodedModel(model, content, digest(content))
            written.append(piece)
        return written

    def forget(self) -> None:
        """Let go of everything; what is asked for is written anew."""
        self._pieces = {}

    def keep(self, catalog: Catalog) -> None:
        """Forget the lineages that ``catalog`` no longer has, once they are many."""
        self._pieces = kept(self._pieces, catalog)


def kept(prepared: dict[object, T], catalog: Catalog) -> dict[object, T]:
    """Return what was prepared by lineage; without those that ``catalog`` has no more, once they are many."""
    if len(prepared) <= len(catalog.blocks) * 5 // 4 + 8:  # less than the double: all may be new at once
        return prepared
    return {block.lineage: prepared[block.lineage] for block in catalog.blocks if block.lineage in prepared}
