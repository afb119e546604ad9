"""Texts: keeps what is searched of each block of the catalogue, and of all aliases."""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple
from weakref import KeyedRef, WeakKeyDictionary

from callsheet.domain.catalog import Block, Catalog
from callsheet.domain.shards import Shards
from callsheet.service.giving_way import giving_way
from callsheet.service.searching.block_text import BlockText, encode, read_block

#: Of the texts of all blocks; a million models take some 70 MB. Those beyond are made again for each search.
MAX_TEXTS_BYTES: Final = 256 * 2**20


class Aliases(NamedTuple):
    """What is searched of all aliases.

    Parameters
    ----------
    lines
        The aliases, casefolded.
    model_ids
        The model of each.
    by_model
        The aliases of each model that has one, sorted, as they are written.
    """

    lines: Sequence[bytes]
    model_ids: Sequence[str]
    by_model: Mapping[str, Sequence[str]]


class Texts:
    """Keeps what is searched for as long as there is the block, or the table of aliases, that it is of.

    A change replaces one block and shares the rest, so that little is made again. May be used from several threads.

    Parameters
    ----------
    max_bytes
        Of the texts of blocks together.
    """

    def __init__(self, max_bytes: int = MAX_TEXTS_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._blocks: dict[int, tuple[object, BlockText, int]] = {}  # by identity, until the block is gone
        self._aliases: WeakKeyDictionary[Shards[str], Aliases] = WeakKeyDictionary()
        self._warming: threading.Thread | None = None
        self.size_bytes = 0
        """What the texts of blocks that are kept take."""

    def of(self, block: Block) -> BlockText:
        """Return what is searched of ``block``."""
        kept = self._blocks.get(id(block))
        return self._make(block) if kept is None else kept[1]

    def known(self, block: Block) -> BlockText | None:
        """Return what is searched of ``block`` if it is kept."""
        kept = self._blocks.get(id(block))
        return None if kept is None else kept[1]

    def has(self, block: Block) -> bool:
        """Return whether what is searched of ``block`` is kept."""
        return id(block) in self._blocks

    def aliases(self, catalog: Catalog) -> Aliases:
        """Return what is searched of the aliases of ``catalog``."""
        kept = self._aliases.get(catalog.alias_table)
        if kept is None:
            kept = self._aliases[catalog.alias_table] = _read_aliases(catalog.alias_table)
        return kept

    def warm(self, catalog: Catalog) -> threading.Thread:
        """Make what is searched of ``catalog`` in the background, unless something is being made already.

        Half of the time is left to others.
        """
        with self._lock:
            if self._warming is None or not self._warming.is_alive():
                work = threading.Thread(target=self._warm, args=(catalog,), name="callsheet-search", daemon=True)
                self._warming = work
                work.start()
            return self._warming

    def _warm(self, catalog: Catalog) -> None:
        with giving_way():
            for block in catalog.blocks:
                begun = time.perf_counter()
                if not self.has(block) and not self._keep(block, read_block(block)):
                    break
                time.sleep(time.perf_counter() - begun)
            self.aliases(catalog)

    def _make(self, block: Block) -> BlockText:
        made = read_block(block)
        self._keep(block, made)
        return made

    def _keep(self, block: Block, made: BlockText) -> bool:
        """Keep what was made, and return whether there is room for it."""
        key, size = id(block), made.size_bytes
        with self._lock:
            has_room = self.size_bytes + size <= self._max_bytes
            if has_room and key not in self._blocks:
                self.size_bytes += size
                self._blocks[key] = KeyedRef(block, self._forget, key), made, size
        return has_room

    def _forget(self, reference: KeyedRef[int, Block]) -> None:
        _, _, size = self._blocks.pop(reference.key, (None, None, 0))
        self.size_bytes -= size


def _read_aliases(table: Shards[str]) -> Aliases:
    named = sorted(table.items())
    by_model: dict[str, list[str]] = {}
    for alias, model_id in named:
        by_model.setdefault(model_id, []).append(alias)
    return Aliases([encode(alias.casefold()) for alias, _ in named], [model_id for _, model_id in named], by_model)


#: Those of this process.
TEXTS: Final = Texts()
