"""Counts the blocks that are encoded."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from callsheet.api.view import View
from callsheet.domain.catalog import Block


@contextmanager
def encoded_blocks() -> Iterator[list[Block]]:
    """Yield a list of the blocks that any view encodes in this thread from now on."""
    blocks: list[Block] = []
    original, here = View._encode_listed, threading.current_thread()

    def count(view: View, block: Block, lifecycles: frozenset[object]) -> object:
        if threading.current_thread() is here:
            blocks.append(block)
        return original(view, block, lifecycles)  # type: ignore[arg-type]

    with patch.object(View, "_encode_listed", count):
        yield blocks
