"""View: what one set of visibility rules shows of a catalogue in one wire format, ready as bytes."""

import sys
from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterable
from typing import Final

from callsheet.api.body import Body, Pieces, model_etag, page_etag
from callsheet.api.compression import MIN_COMPRESSED_BYTES, CompressedBodies
from callsheet.api.encoded_block import EMPTY, EncodedBlock, EncodedModel, GatheredBlock
from callsheet.api.paging import make_page
from callsheet.api.rendering import Rendering, present_lineages
from callsheet.api.view_memory import ViewMemory
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.catalog_slice import CatalogSlice
from callsheet.domain.errors import InvalidRequestError
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.query import LISTED, ListQuery, find_seen, is_listed
from callsheet.wire import openai

#: Blocks that may be encoded for one request while others wait; one takes up to some milliseconds.
REQUEST_BLOCK_BUDGET: Final = 1
#: As many blocks as the response needs.
UNBOUNDED: Final = sys.maxsize

#: With nothing encoded.
VIEW_BYTES: Final = 1200

#: In a list of everything that is put together while others wait.
MAX_JOINED_BLOCKS: Final = 100
_MAX_JOINED_BYTES: Final = 64 * 1024  # a longer list of everything is in pieces
_MAX_REPEATED: Final = 8  # lists whose compressed bodies are made again after a change
_OPENING, _, _CLOSING = openai.write_list(b"\n").partition(b"\n")


class UnfinishedError(Exception):
    """The block budget is exhausted. Finished blocks are kept, so a retry makes progress."""


class _EncodedLineage:
    """What a view has encoded of one block; replaced when a newer block of the same lineage appears."""

    __slots__ = ("block", "encoded", "lapsed")

    def __init__(self, block: Block, lapsed: Collection[frozenset[Lifecycle]] = ()) -> None:
        self.block = block
        self.encoded: dict[frozenset[Lifecycle], EncodedBlock | GatheredBlock] = {}
        self.lapsed = lapsed
        """For which lifecycles the block before this was encoded."""

    def lifecycles(self) -> dict[frozenset[Lifecycle], None]:
        """Return those for which the block is encoded, or the one before it was."""
        return dict.fromkeys((*self.encoded, *self.lapsed))


class View:
    """One catalogue through one set of rules in one wire format. Encoded lazily, block by block.

    Parameters
    ----------
    catalog, visibility, rendering
        What is shown, to whom, and how.
    number
        Distinguishes it from every other view but its own ``past``, whose number it takes over.
    shown
        What `Views` finds it by.
    compressed
        The compressed bodies of all views.
    past
        The same view of an earlier catalogue: what it encoded of blocks that are still there is kept.
    gathers
        Whether it shares the bytes of each model with other views, which takes a little more time for each page.
    memory
        What all views take.
    """

    __slots__ = (
        "_built",
        "_compressed",
        "_gathers",
        "_latest",
        "_lineages",
        "_memory",
        "_number",
        "_rendering",
        "_repeated",
        "catalog",
        "is_idle",
        "last_used",
        "shown",
        "visibility",
    )

    def __init__(
        self,
        catalog: Catalog | CatalogSlice,
        visibility: Visibility,
        rendering: Rendering,
        number: int,
        shown: Hashable,
        compressed: CompressedBodies,
        memory: "ViewMemory[View]",
        past: "View | None" = None,
        *,
        gathers: bool = False,
    ) -> None:
        self.catalog = catalog
        self.visibility = visibility
        self.is_idle = False
        """True if no request has reached this view since the last `Views.drop_idle`; cache hits do not count."""
        self.last_used = memory.use()
        """The number of the last request that reached this view, of those that reached any; as for `is_idle`."""
        self._gathers = gathers
        self._memory = memory
        self._rendering = rendering
        self._number: int = number if past is None else past._number
        self.shown = shown
        self._compressed = compressed
        self._built = 0  # encoded blocks, in total; another thread may encode some, too
        self._lineages: dict[object, _EncodedLineage] = (  # its own: ``past`` may still be answered from
            {} if past is None else dict(present_lineages(past._lineages, catalog))
        )
        self._latest: tuple[ListQuery | None, bytes] | None = None  # the last list (None: everything) and its tag
        self._repeated: dict[tuple[ListQuery | None, bytes], None] = {} if past is None else dict(past._repeated)

    def retrieve(self, name: str) -> Body | None:
        """Return the model that ``name``, an id or alias, means; None if these rules show no such model."""
        self._use()
        model = find_seen(self.catalog, self.visibility, name)
        if model is None:
            return None
        number = bisect_right(self.catalog.starts, model.sort_key) - 1
        (encoded,) = self._render(self.catalog.blocks[number], [model])
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
        self._use()
        body = make_page(self, query, self._built + block_budget)
        self._latest = query, body.etag
        return body

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
        self._use()
        if block_budget <= REQUEST_BLOCK_BUDGET and len(self.catalog.blocks) > MAX_JOINED_BLOCKS:
            raise UnfinishedError
        body = self._join(self._built + block_budget)
        self._latest = None, body.etag
        return body

    def _join(self, build_limit: int) -> Body:
        """All listed models, of which at most so many blocks are encoded; see `encode`."""
        blocks = [self.encode(block, LISTED, build_limit) for block in self.catalog.blocks]
        slices = [(block, 0, len(block.keys)) for block in blocks if block.keys]
        return Body(_join_or_share([block.content for block, _, _ in slices]), page_etag(slices, b"openai"))

    def encode(
        self, block: Block, lifecycles: frozenset[Lifecycle], build_limit: int
    ) -> EncodedBlock | GatheredBlock:
        """Return the models of ``block`` that these rules and ``lifecycles`` list.

        Raises
        ------
        UnfinishedError
            They are not encoded, and this view has encoded ``build_limit`` blocks already, since it was made.
        """
        lineage = self._lineages.get(block.lineage)
        if lineage is None or lineage.block is not block:
            lapsed = () if lineage is None else lineage.lifecycles()
            lineage = self._lineages[block.lineage] = _EncodedLineage(block, lapsed)
        encoded = lineage.encoded.get(lifecycles)
        if encoded is None:
            if self._built >= build_limit:
                raise UnfinishedError
            self._built += 1
            encoded = lineage.encoded[lifecycles] = self._encode_listed(block, lifecycles)
            self._memory.add(self, encoded.size_bytes)
        return encoded

    def compressed(self, body: Body, coding: bytes, *, again: bool) -> Body | None:
        """Return ``body``, which is of this view, in ``coding``, or None: see `CompressedBodies.get_or_enqueue`."""
        latest = self._latest
        if again and latest is not None and latest[1] is body.etag:
            self._note_repeated((latest[0], coding))
        return self._compressed.get_or_enqueue(self._number, body, coding, again=again)

    def _note_repeated(self, asked: tuple[ListQuery | None, bytes]) -> None:
        """Remember a list that came again, and its coding: it will be worth compressing after a change."""
        repeated = self._repeated
        if asked not in repeated:
            while len(repeated) >= _MAX_REPEATED:
                repeated.pop(next(iter(repeated)), None)
            repeated[asked] = None

    def repeated(self) -> list[tuple[ListQuery | None, bytes]]:
        """Return the last lists that came again compressed, None for everything, with their codings."""
        return list(self._repeated)

    def compress(self, query: ListQuery | None, coding: bytes) -> None:
        """Queue a list, None for everything, to be compressed, if its blocks are encoded."""
        try:
            body = self._join(0) if query is None else make_page(self, query, 0)
        except (InvalidRequestError, UnfinishedError):  # its cursor means nothing any more, or it has grown
            return
        if len(body.content) >= MIN_COMPRESSED_BYTES:
            self._compressed.enqueue(self._number, body, coding)

    def has_encoded(self, block: Block, lifecycles: frozenset[Lifecycle]) -> bool:
        """Return whether `encode` of the same has its result ready."""
        lineage = self._lineages.get(block.lineage)
        return lineage is not None and lineage.block is block and lifecycles in lineage.encoded

    def lifecycles_of(self, lineage: object) -> Iterable[frozenset[Lifecycle]]:
        """Return for which lifecycles a block of ``lineage`` is encoded, be it an earlier one."""
        encoded = self._lineages.get(lineage)
        return () if encoded is None else encoded.lifecycles()

    def outdated(self) -> list[Block]:
        """Return the blocks that are encoded as they were before, or for fewer lifecycles than before."""
        known = self._lineages.get
        found = [(block, known(block.lineage)) for block in self.catalog.blocks]
        return [block for block, past in found if past and (past.block is not block or past.lapsed)]

    def forget(self) -> None:
        """Drop what was encoded; a caller that still holds the view may use it, which encodes it again."""
        self._lineages = {}

    def measure(self) -> int:
        """Return about how many bytes it takes, beside the JSON that all views of its format share."""
        size = VIEW_BYTES + (self.catalog.size_bytes if isinstance(self.catalog, CatalogSlice) else 0)
        for lineage in list(self._lineages.values()):
            size += sum([encoded.size_bytes for encoded in list(lineage.encoded.values())])
        return size

    def _use(self) -> None:
        self.is_idle = False
        self.last_used = self._memory.use()

    def _encode_listed(self, block: Block, lifecycles: frozenset[Lifecycle]) -> EncodedBlock | GatheredBlock:
        listed = [
            model
            for model in block.models
            if is_listed(model.lifecycle, hidden=model.hidden, lifecycles=lifecycles)
            and self.visibility.sees(model.id)
        ]
        if not listed:
            return EMPTY
        encoded = self._render(block, listed)
        return GatheredBlock(encoded) if self._gathers else EncodedBlock(encoded)

    def _render(self, block: Block, models: list[Model]) -> list[EncodedModel]:
        """``models``, which are some of ``block``, encoded; shared with every view of the format."""
        if not isinstance(self.catalog, CatalogSlice):
            return self._rendering.of(block, models)
        return [
            encoded for home, model in self.catalog.homes(models) for encoded in self._rendering.of(home, [model])
        ]


def _join_or_share(contents: list[bytes]) -> bytes | Pieces:
    """The list of everything, around the models of all blocks."""
    if sum(map(len, contents)) <= _MAX_JOINED_BYTES:
        return openai.write_list(b",".join(contents))
    pieces = [_OPENING]
    for content in contents:
        pieces += (content, b",")
    pieces[-1] = _CLOSING
    return Pieces(pieces)
