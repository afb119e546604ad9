"""View: what one set of visibility rules shows of a catalogue in one wire format, ready as bytes."""

import sys
from bisect import bisect_right
from typing import Final

from callsheet.api.body import Body, Pieces, model_etag, page_etag
from callsheet.api.compression import CompressedBodies
from callsheet.api.encoded_block import EMPTY, EncodedBlock
from callsheet.api.paging import make_page
from callsheet.api.rendering import Rendering, present_lineages
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.query import LISTED, ListQuery
from callsheet.wire import openai

#: Blocks that may be encoded for one request while others wait; one takes up to some milliseconds.
REQUEST_BLOCK_BUDGET: Final = 1
#: As many blocks as the response needs.
UNBOUNDED: Final = sys.maxsize

_MAX_JOINED_BLOCKS: Final = 100  # in a list of everything, while others wait
_MAX_JOINED_BYTES: Final = 64 * 1024  # a longer list of everything is in pieces
_OPENING, _, _CLOSING = openai.write_list(b"\n").partition(b"\n")


class UnfinishedError(Exception):
    """The block budget is exhausted. Finished blocks are kept, so a retry makes progress."""


class _EncodedLineage:
    """What a view has encoded of one block; replaced when a newer block of the same lineage appears."""

    __slots__ = ("block", "encoded")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.encoded: dict[frozenset[Lifecycle], EncodedBlock] = {}


class View:
    """One catalogue through one set of rules in one wire format. Encoded lazily, block by block.

    Parameters
    ----------
    catalog, visibility, rendering
        What is shown, to whom, and how.
    number
        Distinguishes it from every other view.
    compressed
        The compressed bodies of all views.
    past
        The same view of an earlier catalogue: what it encoded of blocks that are still there is kept.
    """

    __slots__ = (
        "_built",
        "_compressed",
        "_lineages",
        "_number",
        "_rendering",
        "catalog",
        "is_idle",
        "visibility",
    )

    def __init__(
        self,
        catalog: Catalog,
        visibility: Visibility,
        rendering: Rendering,
        number: int,
        compressed: CompressedBodies,
        past: "View | None" = None,
    ) -> None:
        self.catalog = catalog
        self.visibility = visibility
        self.is_idle = False
        """True if no request has reached this view since the last `Views.drop_idle`; cache hits do not count."""
        self._rendering = rendering
        self._number = number
        self._compressed = compressed
        self._built = 0  # encoded blocks, in total; another thread may encode some, too
        self._lineages: dict[object, _EncodedLineage] = (
            {} if past is None else present_lineages(past._lineages, catalog)
        )

    def retrieve(self, name: str) -> Body | None:
        """Return the model that ``name``, an id or alias, means; None if these rules show no such model."""
        self.is_idle = False
        model = self._find(name) or self._find(self.catalog.id_of(name))
        if model is None:
            return None
        number = bisect_right(self.catalog.starts, model.sort_key) - 1
        (encoded,) = self._rendering.of(self.catalog.blocks[number], [model])
        return Body(encoded.content, model_etag(encoded.digest))

    def page(self, query: ListQuery, block_budget: int = UNBOUNDED) -> Body:
        """Return the page that ``query`` asks for (contract, section 3).

        Parameters
        ----------
        query
            What is asked for.
        block_budget
            Blocks that may be encoded for it.

        Raises
        ------
        InvalidRequestError
            A cursor names nothing that these rules could ever have shown.
        UnfinishedError
            More blocks must be encoded first.
        """
        self.is_idle = False
        return make_page(self, query, self._built + block_budget)

    def everything(self, block_budget: int = UNBOUNDED) -> Body:
        """Return all listed models as OpenAI's clients expect them (contract, section 7).

        Parameters
        ----------
        block_budget
            Blocks that may be encoded for it.

        Raises
        ------
        UnfinishedError
            More blocks must be encoded first, or joining them would take as long.
        """
        self.is_idle = False
        if block_budget <= REQUEST_BLOCK_BUDGET and len(self.catalog.blocks) > _MAX_JOINED_BLOCKS:
            raise UnfinishedError
        build_limit = self._built + block_budget
        blocks = [self.encode(block, LISTED, build_limit) for block in self.catalog.blocks]
        slices = [(block, 0, len(block.keys)) for block in blocks if block.keys]
        return Body(_join_or_share([block.content for block, _, _ in slices]), page_etag(slices, b"openai"))

    def encode(self, block: Block, lifecycles: frozenset[Lifecycle], build_limit: int) -> EncodedBlock:
        """Return the models of ``block`` that these rules and ``lifecycles`` list.

        Raises
        ------
        UnfinishedError
            They are not encoded, and this view has encoded ``build_limit`` blocks already, since it was made.
        """
        lineage = self._lineages.get(block.lineage)
        if lineage is None or lineage.block is not block:
            lineage = self._lineages[block.lineage] = _EncodedLineage(block)
        encoded = lineage.encoded.get(lifecycles)
        if encoded is None:
            if self._built >= build_limit:
                raise UnfinishedError
            self._built += 1
            encoded = lineage.encoded[lifecycles] = self._encode_listed(block, lifecycles)
        return encoded

    def compressed(self, body: Body, coding: bytes, *, again: bool) -> Body | None:
        """Return ``body``, which is of this view, in ``coding``, or None: see `CompressedBodies.get_or_enqueue`."""
        return self._compressed.get_or_enqueue(self._number, body, coding, again=again)

    def forget(self) -> None:
        """Drop what was encoded; a caller that still holds the view may use it, which encodes it again."""
        self._lineages = {}

    def _find(self, model_id: str) -> Model | None:
        """The model with this id; None, by the same steps, if there is none or the rules do not show it."""
        model = self.catalog.get(model_id)
        return model if self.visibility.sees(model_id) else None

    def _encode_listed(self, block: Block, lifecycles: frozenset[Lifecycle]) -> EncodedBlock:
        listed = [
            model
            for model in block.models
            if not model.hidden and model.lifecycle in lifecycles and self.visibility.sees(model.id)
        ]
        if not listed:
            return EMPTY
        return EncodedBlock(self._rendering.of(block, listed))


def _join_or_share(contents: list[bytes]) -> bytes | Pieces:
    """The list of everything, around the models of all blocks."""
    if sum(map(len, contents)) <= _MAX_JOINED_BYTES:
        return openai.write_list(b",".join(contents))
    pieces = [_OPENING]
    for content in contents:
        pieces += (content, b",")
    pieces[-1] = _CLOSING
    return Pieces(pieces)
