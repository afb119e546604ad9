"""Paging: where a cursor is, which models are on a page, and whether it `has_more` (contract, section 3)."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import TypeAlias

from callsheet.api.body import Body, page_etag
from callsheet.api.encoded_block import BlockSlice, EncodedBlock
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.errors import InvalidRequestError
from callsheet.domain.ordering import SORT_KEY_PREFIX
from callsheet.domain.query import ListQuery
from callsheet.wire import anthropic

#: Returns the listed models of a block, encoded.
Encode: TypeAlias = Callable[[Block], EncodedBlock]


#: Between which two sort keys a page is, neither included: after, before. None means unbounded.
Bounds: TypeAlias = tuple[str | None, str | None]


def find_bounds(catalog: Catalog, visibility: Visibility, query: ListQuery) -> Bounds:
    """Return the bounds that the cursors of ``query`` set.

    Raises
    ------
    InvalidRequestError
        A cursor names nothing that this caller could ever have seen.
    """
    _, after_id, before_id, _, after_literal, before_literal = query
    return (
        None if after_id is None else _locate(catalog, visibility, "after_id", after_id, after_literal),
        None if before_id is None else _locate(catalog, visibility, "before_id", before_id, before_literal),
    )


def _locate(catalog: Catalog, visibility: Visibility, name: str, cursor: str, literal: str | None) -> str:
    """Return the sort key of a cursor; if it means nothing, that of ``literal``, its spelling with plus signs."""
    place = catalog.locate(cursor)
    if place is None:
        visibility.sees(cursor)  # an unknown cursor must not be refused sooner than an invisible one
    elif visibility.sees(place[0]):
        return place[1]
    if literal is not None:
        return _locate(catalog, visibility, name, literal, None)
    raise InvalidRequestError(f"Invalid pagination cursor for '{name}'")


def make_page(catalog: Catalog, bounds: Bounds, limit: int, encode: Encode) -> Body:
    """Return the page of at most ``limit`` models within ``bounds``: the first, or with only ``before`` the last.

    Raises whatever ``encode`` raises.
    """
    after, before = bounds
    if before is not None and after is None:
        slices, has_more = _backward(catalog, before, limit, encode)
    else:
        slices, has_more = _forward(catalog, bounds, limit, encode)
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


def _forward(catalog: Catalog, bounds: Bounds, limit: int, encode: Encode) -> tuple[list[BlockSlice], bool]:
    """The first models within ``bounds``, and whether there are more of them."""
    after, before = bounds
    room = limit
    slices: list[BlockSlice] = []
    blocks, starts = catalog.blocks, catalog.starts
    first = 0 if after is None else max(bisect_right(starts, after) - 1, 0)
    for number in range(first, len(blocks)):
        if before is not None and starts[number] >= before:
            break
        encoded = encode(blocks[number])
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


def _backward(catalog: Catalog, before: str, limit: int, encode: Encode) -> tuple[list[BlockSlice], bool]:
    """The models next to ``before``, newest first, and whether there are newer ones."""
    slices: list[BlockSlice] = []
    room = limit
    last = bisect_left(catalog.starts, before) - 1
    for number in range(last, -1, -1):
        encoded = encode(catalog.blocks[number])
        stop = bisect_left(encoded.keys, before) if number == last else len(encoded.keys)
        if stop:
            if stop > room:
                if room:
                    slices.append((encoded, stop - room, stop))
                return slices[::-1], True
            slices.append((encoded, 0, stop))
            room -= stop
    return slices[::-1], False
