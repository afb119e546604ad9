"""Paging: where a cursor is, which models are on a page, and whether it `has_more` (contract, section 3)."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from callsheet.api.body import Body, page_etag
from callsheet.api.encoded_block import BlockSlice, EncodedBlock
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.errors import InvalidRequestError
from callsheet.domain.model import SORT_KEY_PREFIX
from callsheet.domain.query import ListQuery
from callsheet.wire import anthropic

#: Returns the listed models of a block, encoded.
Encode: TypeAlias = Callable[[Block], EncodedBlock]


class Window(NamedTuple):
    """What a page may hold: at most ``limit`` models between two sort keys, neither included; None is no bound."""

    after: str | None
    before: str | None
    limit: int


def find_window(catalog: Catalog, visibility: Visibility, query: ListQuery) -> Window:
    """Return the window that ``query`` asks for.

    Raises
    ------
    InvalidRequestError
        A cursor names nothing that this caller could ever have seen.
    """
    limit, after_id, before_id, _, after_literal, before_literal = query
    return Window(
        None if after_id is None else _locate(catalog, visibility, "after_id", after_id, after_literal),
        None if before_id is None else _locate(catalog, visibility, "before_id", before_id, before_literal),
        limit,
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


def make_page(catalog: Catalog, window: Window, encode: Encode) -> Body:
    """Return the page of ``window``: forward from ``after``, or backward from ``before`` where that alone is given.

    Raises whatever ``encode`` raises.
    """
    if window.before is not None and window.after is None:
        slices, has_more = _backward(catalog, window.before, window.limit, encode)
    else:
        slices, has_more = _forward(catalog, window, encode)
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


def _forward(catalog: Catalog, window: Window, encode: Encode) -> tuple[list[BlockSlice], bool]:
    """The first models of the window, and whether it holds more of them."""
    after, before, room = window
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
