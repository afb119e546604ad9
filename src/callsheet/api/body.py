"""Bodies of responses, and their entity tags (contract, section 6)."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

from callsheet.domain.catalog import MAX_BLOCK_MODELS

_MODULUS: Final = 2**64
_MASK: Final = _MODULUS - 1
_BASE: Final = 0x9E3779B97F4A7C15  # odd, so that every position on a page has another weight
_POWERS: Final = [pow(_BASE, count, _MODULUS) for count in range(MAX_BLOCK_MODELS + 1)]


class Pieces:
    """A long body as pieces that many responses share; one string for each response would fill the memory.

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
        """Yield the body in portions of at least ``least`` bytes each; the last may be shorter."""
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
    """A body with its strong entity tag."""

    content: bytes | Pieces
    etag: bytes


class Digested(Protocol):
    """Models in order, with the `running_sums` of their digests."""

    sums: "array[int]"


def digest(content: bytes) -> int:
    """Return 64 bits that represent one model, written as ``content``, in entity tags."""
    return int.from_bytes(blake2b(content, digest_size=8).digest())


def running_sums(digests: Iterable[int]) -> "array[int]":
    """Return the polynomial of the first 0, 1, 2, … of ``digests``; `page_etag` has the formula."""
    total = 0
    sums = array("Q", [0])
    for each in digests:
        total = (total * _BASE + each) % _MODULUS
        sums.append(total)
    return sums


def model_etag(model_digest: int) -> bytes:
    """Return the entity tag of a single model."""
    return b'"%016x"' % model_digest


def page_etag(slices: Sequence[tuple[Digested, int, int]], suffix: bytes) -> bytes:
    """Return the entity tag of the models in ``slices``: (block, start, stop), in order.

    The tag is the same in every process, however the catalogue is cut into blocks, and depends on the order of the
    models, which fields decide that not every wire format shows. It is a polynomial of the models' digests d, with
    the base B, modulo 2**64:

        P(d1 … dn) = d1·B^(n-1) + d2·B^(n-2) + … + dn

    With S(k) = P of a block's first k digests (`running_sums`), the polynomial of models start … stop of a block is
    S(stop) - S(start)·B^(stop-start), and that of two runs, the second of n models, is P(first)·B^n + P(second).
    """
    total = models = 0
    for block, start, stop in slices:
        power = _POWERS[stop - start]
        total = (total * power + block.sums[stop] - block.sums[start] * power) % _MODULUS
        models += stop - start
    return b'"%016x-%x-%b"' % (total, models, suffix)


def run_etag(block: Digested, start: int, stop: int, suffix: bytes) -> bytes:
    """Return the `page_etag` of one slice, in fewer steps."""
    sums, count = block.sums, stop - start
    return b'"%016x-%x-%b"' % (sums[stop] - sums[start] * _POWERS[count] & _MASK, count, suffix)


def compressed_etag(etag: bytes, coding: bytes) -> bytes:
    """Return the entity tag of the body with ``etag`` in a content coding: another representation, another tag."""
    return etag[:-1] + b"-" + coding + b'"'
