"""View: what one set of visibility rules shows of a catalogue in one form, ready as bytes."""

import sys
from bisect import bisect_left, bisect_right
from itertools import count
from typing import Final

from callsheet.api.encoded import Backlog, Encoded
from callsheet.api.encoded_block import EMPTY, BlockSlice, Body, EncodedBlock, Pieces, tag
from callsheet.api.rendering import Rendering, WireFormat, kept
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.errors import InvalidRequestError
from callsheet.domain.model import Lifecycle, Model
from callsheet.domain.ordering import SORT_KEY_PREFIX
from callsheet.domain.query import LISTED, ListQuery
from callsheet.wire import anthropic, openai

_MOST_VIEWS: Final = 1024

#: How many blocks may be prepared while others wait; one takes up to some milliseconds.
AT_ONCE: Final = 1
_JOINED_AT_ONCE: Final = 100  # blocks of a whole list
_WHOLE: Final = 64 * 1024  # bytes; a longer list of everything is in pieces
_OPENING, _, _CLOSING = openai.write_list(b"\n").partition(b"\n")
#: What it takes to prepare all that an answer needs, however long.
UNBOUNDED: Final = sys.maxsize


class UnfinishedError(Exception):
    """More blocks would have to be prepared than there may be at once. What is done stays done: ask again."""


class _Prepared:
    """What a view has prepared of one block, which another of the same lineage takes the place of."""

    __slots__ = ("block", "slabs")

    def __init__(self, block: Block) -> None:
        self.block = block
        self.slabs: dict[frozenset[Lifecycle], EncodedBlock] = {}


class View:
    """One catalogue through one set of rules in one form. Prepared lazily, block by block.

    Parameters
    ----------
    catalog, visibility, rendering
        What is shown, to whom, and how.
    views
        Those it is one of; they share what is compressed, and what is to be.
    past
        The same view of an earlier catalogue: what it prepared from blocks that are still there is kept.
    """

    __slots__ = ("_made", "_rendering", "_slabs", "catalog", "is_idle", "number", "views", "visibility")

    def __init__(
        self,
        catalog: Catalog,
        visibility: Visibility,
        rendering: Rendering,
        views: "Views",
        past: "View | None" = None,
    ) -> None:
        self.catalog = catalog
        self.views = views
        self.number = next(views.numbers)
        self.visibility = visibility
        self._rendering = rendering
        self._made = 0  # slabs; another thread may make some, too
        self.is_idle = False
        """Whether it has not been asked since `Views.drop_idle` looked at it last, past all memos."""
        self._slabs: dict[object, _Prepared] = {} if past is None else kept(past._slabs, catalog)

    def retrieve(self, name: str) -> Body | None:
        """Return the model that ``name``, an id or alias, means; None if it does not exist for the beholder."""
        self.is_idle = False
        model = self._see(name) or self._see(self.catalog.id_of(name))
        if model is None:
            return None
        number = bisect_right(self.catalog.starts, model.sort_key) - 1
        (piece,) = self._rendering.of(self.catalog.blocks[number], [model])
        return Body(piece.content, b'"%016x"' % piece.digest)

    def page(self, query: ListQuery, most: int = UNBOUNDED) -> Body:
        """Return the page that ``query`` asks for (contract, section 3), preparing ``most`` blocks for it.

        Raises
        ------
        InvalidRequestError
            A cursor names nothing the beholder could ever have seen.
        UnfinishedError
            More blocks than that must be prepared first.
        """
        self.is_idle = False
        limit = self._made + most
        room, after_id, before_id, lifecycles, after_literal, before_literal = query
        after = None if after_id is None else self._locate("after_id", after_id, after_literal)
        before = None if before_id is None else self._locate("before_id", before_id, before_literal)
        if before is not None and after is None:
            runs, has_more = self._backward(before, room, lifecycles, limit)
        else:
            runs, has_more = self._forward(after, before, room, lifecycles, limit)
        if not runs:
            empty = anthropic.write_page(b"", has_more=has_more, first_id=None, last_id=None)
            return Body(empty, b'"0-0-%d"' % has_more)
        first, start, end = runs[0]
        last, _, stop = runs[-1]
        content = anthropic.write_page(
            first.cut(start, end) if len(runs) == 1 else b",".join([slab.cut(*places) for slab, *places in runs]),
            has_more=has_more,
            first_id=first.keys[start][SORT_KEY_PREFIX:],
            last_id=last.keys[stop - 1][SORT_KEY_PREFIX:],
        )
        return Body(content, tag(runs, b"1" if has_more else b"0"))

    def everything(self, most: int = UNBOUNDED) -> Body:
        """Return all listed models as OpenAI's clients expect them, preparing ``most`` blocks for it.

        Raises
        ------
        UnfinishedError
            More blocks than that must be prepared first, or so many be joined that it takes as long.
        """
        self.is_idle = False
        if most <= AT_ONCE and len(self.catalog.blocks) > _JOINED_AT_ONCE:
            raise UnfinishedError
        limit = self._made + most
        slabs = [self._slab(block, LISTED, limit) for block in self.catalog.blocks]
        runs = [(slab, 0, len(slab.keys)) for slab in slabs if slab.keys]
        return Body(_join_or_share([slab.content for slab, _, _ in runs]), tag(runs, b"openai"))

    def forget(self) -> None:
        """Let go of what was prepared; whoever still holds the view may ask it all the same."""
        self._slabs = {}

    def _see(self, model_id: str) -> Model | None:
        """The model with this id; None, by the same steps, if there is none or the beholder may not see it."""
        model = self.catalog.get(model_id)
        return model if self.visibility.sees(model_id) else None

    def _locate(self, name: str, cursor: str, literal: str | None) -> str:
        """The sort key of a cursor, or of what it is if its plus signs are none but that."""
        place = self.catalog.locate(cursor)
        if place is None:
            self.visibility.sees(cursor)  # it must not be refused sooner than one that may not be seen
        elif self.visibility.sees(place[0]):
            return place[1]
        if literal is not None:
            return self._locate(name, literal, None)
        raise InvalidRequestError(f"Invalid pagination cursor for '{name}'")

    def _forward(
        self, after: str | None, before: str | None, room: int, lifecycles: frozenset[Lifecycle], limit: int
    ) -> tuple[list[BlockSlice], bool]:
        """The first models behind ``after``, and whether more stand before ``before``."""
        runs: list[BlockSlice] = []
        blocks, starts = self.catalog.blocks, self.catalog.starts
        first = 0 if after is None else max(bisect_right(starts, after) - 1, 0)
        for number in range(first, len(blocks)):
            if before is not None and starts[number] >= before:
                break
            slab = self._slab(blocks[number], lifecycles, limit)
            keys = slab.keys
            start = 0 if after is None or number > first else bisect_right(keys, after)
            stop = len(keys) if before is None else bisect_left(keys, before)
            if start < stop:
                if stop - start > room:
                    if room:
                        runs.append((slab, start, start + room))
                    return runs, True
                runs.append((slab, start, stop))
                room -= stop - start
        return runs, False

    def _backward(
        self, before: str, room: int, lifecycles: frozenset[Lifecycle], limit: int
    ) -> tuple[list[BlockSlice], bool]:
        """The last models in front of ``before``, newest first, and whether newer ones stand in front of them."""
        runs: list[BlockSlice] = []
        blocks, starts = self.catalog.blocks, self.catalog.starts
        last = bisect_left(starts, before) - 1
        for number in range(last, -1, -1):
            slab = self._slab(blocks[number], lifecycles, limit)
            stop = bisect_left(slab.keys, before) if number == last else len(slab.keys)
            if stop:
                if stop > room:
                    if room:
                        runs.append((slab, stop - room, stop))
                    return runs[::-1], True
                runs.append((slab, 0, stop))
                room -= stop
        return runs[::-1], False

    def _slab(self, block: Block, lifecycles: frozenset[Lifecycle], limit: int) -> EncodedBlock:
        """The listed models of ``block``; ``limit`` is up to how many may be made, of all since the beginning."""
        prepared = self._slabs.get(block.lineage)
        if prepared is None or prepared.block is not block:
            prepared = self._slabs[block.lineage] = _Prepared(block)
        slab = prepared.slabs.get(lifecycles)
        if slab is None:
            if self._made >= limit:
                raise UnfinishedError
            self._made += 1
            slab = prepared.slabs[lifecycles] = self._make_slab(block, lifecycles)
        return slab

    def _make_slab(self, block: Block, lifecycles: frozenset[Lifecycle]) -> EncodedBlock:
        listed = [
            model
            for model in block.models
            if not model.hidden and model.lifecycle in lifecycles and self.visibility.sees(model.id)
        ]
        if not listed:
            return EMPTY
        return EncodedBlock(self._rendering.of(block, listed))


def _join_or_share(contents: list[bytes]) -> bytes | Pieces:
    """The list of everything, around the models of all slabs."""
    if sum(map(len, contents)) <= _WHOLE:
        return openai.write_list(b",".join(contents))
    pieces = [_OPENING]
    for content in contents:
        pieces += (content, b",")
    pieces[-1] = _CLOSING
    return Pieces(pieces)


class Views:
    """The views made so far, by rules and form: workspaces with the same rules share one.

    A view is made on first use and moves along when the catalogue changes; at most 1,024 are kept, and the
    one made longest ago goes first; what nobody asks goes with `drop_idle`. Shared by successive states, so
    that nothing unchanged is prepared twice.
    """

    __slots__ = ("_renderings", "_views", "backlog", "encoded", "numbers")

    def __init__(self) -> None:
        self.backlog = Backlog()
        self.encoded = Encoded()
        self.numbers = count()
        self._renderings = {form: Rendering(form) for form in WireFormat}
        self._views: dict[tuple[Visibility, WireFormat], View] = {}

    def get(self, catalog: Catalog, visibility: Visibility, form: WireFormat) -> View:
        """Return the view of ``catalog`` for these rules and this form."""
        key = (visibility, form)
        view = self._views.get(key)
        if view is not None:
            view.is_idle = False
        if view is None or view.catalog is not catalog:
            rendering = self._renderings[form]
            rendering.keep(catalog)
            rules = visibility.among(catalog.has_id)
            past = view if view is not None and view.visibility == rules else None
            view = View(catalog, rules, rendering, self, past)
            self._views[key] = view
            if len(self._views) > _MOST_VIEWS:
                self._views.pop(next(iter(self._views)), None)
        return view

    def drop_idle(self) -> None:
        """Let go of what nobody has asked for since the last call; for a thread that answers nobody.

        What is answered from a memo asks no view. So let memos begin anew after each call: whoever is still asked
        for is then seen.
        """
        for key, view in list(self._views.items()):
            if view.is_idle:
                self._views.pop(key, None)
                view.forget()
            view.is_idle = True
        for form, rendering in self._renderings.items():
            if not any(form is used for _, used in list(self._views)):
                rendering.forget()
