"""Paging: where a cursor is, which models are on a page, and whether it `has_more` (contract, section 3)."""

from bisect import bisect_left, bisect_right
from typing import Protocol

from callsheet.api.body import Body, page_etag, run_etag
from callsheet.api.encoded_block import BlockSlice, EncodedBlock, GatheredBlock
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.catalog_slice import CatalogSlice
from callsheet.domain.errors import InvalidRequestError
from callsheet.domain.model import Lifecycle
from callsheet.domain.ordering import SORT_KEY_PREFIX
from callsheet.domain.query import ListQuery
from callsheet.wire import anthropic


class PageSource(Protocol):
    """What pages are cut from: a catalogue, the rules about what is shown of it, and its blocks, encoded."""

    catalog: Catalog | CatalogSlice
    visibility: Visibility

    def encode(
        self, block: Block, lifecycles: frozenset[Lifecycle], build_limit: int
    ) -> EncodedBlock | GatheredBlock:
        """Return the listed models of ``block``, or raise UnfinishedError; see `View.encode`."""


def make_page(source: PageSource, query: ListQuery, build_limit: int) -> Body:
    """Return the page of ``source`` that ``query`` asks for: its first models, or with only ``before_id`` its last.

    Parameters
    ----------
    build_limit
        Passed to ``source.encode``.

    Raises
    ------
    InvalidRequestError
        A cursor names nothing that this caller could ever have seen.
    UnfinishedError
        From ``source.encode``.
    """
    limit, after_id, before_id, lifecycles, after_literal, before_literal = query
    after = None if after_id is None else locate_cursor(source, "after_id", after_id, after_literal)
    if before_id is None and after is not None and source.catalog.blocks:
        number = bisect_right(source.catalog.starts, after, 1) - 1
        block = source.encode(source.catalog.blocks[number], lifecycles, build_limit)
        start = bisect_right(block.keys, after)
        if start + limit < len(block.keys):  # the whole page and the model behind it, as nearly always
            return _cut_from_one(block, start, start + limit)
    before = None if before_id is None else locate_cursor(source, "before_id", before_id, before_literal)
    if before is not None and after is None:
        slices, has_more = _backward(source, query, before, build_limit)
    else:
        slices, has_more = _forward(source, query, after, before, build_limit)
    if not slices:
        empty = anthropic.write_page(b"", has_more=has_more, first_id=None, last_id=None)
        return Body(empty, b'"0-0-%d"' % has_more)
    first, start, end = slices[0]
    last, _, stop = slices[-1]
    content = anthropic.write_page(
        first.cut(start, end) if len(slices) == 1 else b",".join([block.cut(*bounds) for block, *bounds in slices]),
        has_more=has_more,
        first_id=first.keys[start][SORT_KEY_PREFIX:],
        last_id=last.keys[stop - 1][SORT_KEY_PREFIX:],
    )
    return Body(content, page_etag(slices, b"1" if has_more else b"0"))


def _cut_from_one(block: EncodedBlock | GatheredBlock, start: int, stop: int) -> Body:
    """The page of these models of one block, behind which more follow, in fewer steps than any other."""
    keys = block.keys
    content = anthropic.write_page(
        block.cut(start, stop),
        has_more=True,
        first_id=keys[start][SORT_KEY_PREFIX:],
        last_id=keys[stop - 1][SORT_KEY_PREFIX:],
    )
    return Body(content, run_etag(block, start, stop, b"1"))


def locate_cursor(source: PageSource, name: str, cursor: str, literal: str | None) -> str:
    """Return the sort key of ``cursor``; if it means nothing, that of ``literal``, its spelling with plus signs.

    Parameters
    ----------
    name
        Of the parameter, for the error.

    Raises
    ------
    InvalidRequestError
        Neither names anything that this caller could ever have seen.
    """
    place = source.catalog.locate(cursor)
    if place is None:
        source.visibility.sees(cursor)  # an unknown cursor must not be refused sooner than an invisible one
    elif source.visibility.sees(place[0]):
        return place[1]
    if literal is not None:
        return locate_cursor(source, name, literal, None)
    raise InvalidRequestError(f"Invalid pagination cursor for '{name}'")


def _forward(
    source: PageSource, query: ListQuery, after: str | None, before: str | None, build_limit: int
) -> tuple[list[BlockSlice], bool]:
    """The first models between two sort keys, and whether there are more of them. None means unbounded."""
    room, _, _, lifecycles, _, _ = query
    slices: list[BlockSlice] = []
    blocks, starts = source.catalog.blocks, source.catalog.starts
    first = 0 if after is None else bisect_right(starts, after, 1) - 1
    for number in range(first, len(blocks)):
        if before is not None and starts[number] >= before:
            break
        encoded = source.encode(blocks[number], lifecycles, build_limit)
        keys = encoded.keys
        start = 0 if after is None or number > first else bisect_right(keys, after)
        stop = len(keys) if before is None else bisect_left(keys, before)
        if start < stop:
            if stop - start > room:
                if room:
                    slices.append((encoded, start, start + room))
                return slices, True
            slices.append((encoded, start, stop))
            room -= stop - start
    return slices, False


def _backward(source: PageSource, query: ListQuery, before: str, build_limit: int) -> tuple[list[BlockSlice], bool]:
    """The models next to ``before``, newest first, and whether there are newer ones."""
    room, _, _, lifecycles, _, _ = query
    slices: list[BlockSlice] = []
    blocks, starts = source.catalog.blocks, source.catalog.starts
    last = bisect_left(starts, before) - 1
    for number in range(last, -1, -1):
        encoded = source.encode(blocks[number], lifecycles, build_limit)
        stop = bisect_left(encoded.keys, before) if number == last else len(encoded.keys)
        if stop:
            if stop > room:
                if room:
                    slices.append((encoded, stop - room, stop))
                return slices[::-1], True
            slices.append((encoded, 0, stop))
            room -= stop
    return slices[::-1], False
