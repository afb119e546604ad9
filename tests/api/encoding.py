"""Counts the blocks that are encoded."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from callsheet.api.view import View
from callsheet.domain.catalog import Block


@contextmanager
def encoded_blocks() -> Iterator[list[Block]]:
    """Yield a list of the blocks that any view encodes from now on."""
    blocks: list[Block] = []
    original = View._encode_listed

    def count(view: View, block: Block, lifecycles: frozenset[object]) -> object:
        blocks.append(block)
        return original(view, block, lifecycles)  # type: ignore[arg-type]

    with patch.object(View, "_encode_listed", count):
        yield blocks
