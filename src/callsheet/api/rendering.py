"""Rendering: models as JSON, each written once for as long as it stands unchanged."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final

from callsheet.domain.access import Shape
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.model import Model
from callsheet.wire import anthropic, openai


class Form(Enum):
    """How a model is written: Anthropic's two shapes, or OpenAI's."""

    CURRENT = "current"
    CLASSIC = "classic"
    OPENAI = "openai"


_WRITE: Final[dict[Form, Callable[[Model], bytes]]] = {
    Form.CURRENT: lambda model: anthropic.write_model(model, Shape.CURRENT),
    Form.CLASSIC: lambda model: anthropic.write_model(model, Shape.CLASSIC),
    Form.OPENAI: openai.write_model,
}


class Rendering:
    """The JSON of models in one form, block by block, shared by every view of that form."""

    __slots__ = ("_pieces", "_write")

    def __init__(self, form: Form) -> None:
        self._write = _WRITE[form]
        self._pieces: dict[Block, dict[str, bytes]] = {}

    def of(self, block: Block, models: Iterable[Model]) -> dict[str, bytes]:
        """Return models of ``block`` as JSON, by id: these at least."""
        pieces = self._pieces_of(block)
        for model in models:
            if model.id not in pieces:
                pieces[model.id] = self._write(model)
        return pieces

    def one(self, block: Block, model: Model) -> bytes:
        """Return one model of ``block`` as JSON; its neighbours are not written for it."""
        pieces = self._pieces_of(block)
        piece = pieces.get(model.id)
        if piece is None:
            piece = pieces[model.id] = self._write(model)
        return piece

    def forget(self) -> None:
        """Let go of everything; what is asked for is written anew."""
        self._pieces = {}

    def _pieces_of(self, block: Block) -> dict[str, bytes]:
        return self._pieces.setdefault(block, {})

    def keep(self, catalog: Catalog) -> None:
        """Forget the blocks that ``catalog`` no longer has, once they are the larger part."""
        if len(self._pieces) > 2 * len(catalog.blocks) + 8:
            known = self._pieces
            self._pieces = {block: known[block] for block in catalog.blocks if block in known}
