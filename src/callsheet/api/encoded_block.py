"""Slab: models of one block as bytes, from which pages are cut, each with an entity tag."""

from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple, TypeAlias

from callsheet.domain.catalog import MOST_IN_BLOCK
from callsheet.domain.model import Model

_MODULUS: Final = 2**64
_BASE: Final = 0x9E3779B97F4A7C15  # odd, so that every place in a page weighs something else
_POWERS: Final = [pow(_BASE, count, _MODULUS) for count in range(MOST_IN_BLOCK + 1)]


class Pieces:
    """A long body as pieces that many answers share: made one string for each, they would fill the memory.

    Parameters
    ----------
    pieces
        In their order.
    """

    __slots__ = ("_length", "_pieces")

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._length = sum(map(len, pieces))

    def __len__(self) -> int:
        """Return the length of the body, in bytes."""
        return self._length

    def __bytes__(self) -> bytes:
        """Return the body as one string."""
        return b"".join(self._pieces)

    def portions(self, least: int) -> Iterator[bytes]:
        """Return the body, a few pieces at a time: at least so many bytes, but for the last."""
        portion: list[bytes] = []
        size = 0
        for piece in self._pieces:
            portion.append(piece)
            size += len(piece)
            if size >= least:
                yield b"".join(portion)
                portion, size = [], 0
        if portion:
            yield b"".join(portion)


class Body(NamedTuple):
    """A body with its strong entity tag, both final."""

    content: bytes | Pieces
    etag: bytes


class EncodedModel(NamedTuple):
    """A model with its JSON, good for this very model only, and 64 bits that stand for it in entity tags."""

    model: Model
    content: bytes
    digest: int


class EncodedBlock:
    """The listed models of one block as one string of bytes, with the place of each in it."""

    __slots__ = ("content", "ends", "keys", "sums")

    def __init__(self, pieces: Sequence[EncodedModel]) -> None:
        self.keys = tuple([piece.model.sort_key for piece in pieces])
        self.content = b",".join([piece.content for piece in pieces])
        self.ends = array("Q")
        self.sums = array("Q", [0])
        end, total = -1, 0
        for _, content, number in pieces:
            end += 1 + len(content)
            total = (total * _BASE + number) % _MODULUS
            self.ends.append(end)
            self.sums.append(total)

    def cut(self, start: int, stop: int) -> bytes:
        """Return the models from ``start`` up to ``stop`` (not empty), joined by commas."""
        ends = self.ends
        return self.content[ends[start - 1] + 1 if start else 0 : ends[stop - 1]]


EMPTY: Final = EncodedBlock([])

#: Neighbours within one slab, from the first index up to the second; never empty.
BlockSlice: TypeAlias = tuple[EncodedBlock, int, int]


def digest(content: bytes) -> int:
    """Return 64 bits that stand for ``content`` in entity tags."""
    return int.from_bytes(blake2b(content, digest_size=8).digest())


def tag(runs: list[BlockSlice], suffix: bytes) -> bytes:
    """The entity tag of a page, from its models' digests in their order.

    The order counts, as it depends on fields that not every form shows. The value is that of a polynomial, so
    that two running values of a slab give that of a slice, and the same page has the same tag in every process,
    however its blocks were cut.
    """
    total = models = 0
    for slab, start, stop in runs:
        shift = _POWERS[stop - start]
        total = (total * shift + slab.sums[stop] - slab.sums[start] * shift) % _MODULUS
        models += stop - start
    return b'"%016x-%x-%b"' % (total, models, suffix)
