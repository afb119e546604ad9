"""Encoded blocks: the listed models of one block of the catalogue as bytes, from which pages are cut."""

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from callsheet.api.body import running_sums
from callsheet.domain.model import Model

_BLOCK_BYTES: Final = 400
_PLACE_BYTES: Final = 24  # of one model, in tuples and arrays


class EncodedModel(NamedTuple):
    """A model with its JSON, valid for this very model only, and its `digest` for entity tags."""

    model: Model
    content: bytes
    digest: int


class EncodedBlock:
    """The listed models of one block as one string of bytes, with the position of each in it.

    Parameters
    ----------
    models
        In their order.

    Attributes
    ----------
    content
        The models' JSON, joined by commas.
    ends
        Where each model ends in ``content``.
    keys
        The models' sort keys.
    sums
        The running sums of their digests.
    """

    __slots__ = ("content", "ends", "keys", "sums")

    def __init__(self, models: Sequence[EncodedModel]) -> None:
        self.keys = tuple([encoded.model.sort_key for encoded in models])
        self.content = b",".join([encoded.content for encoded in models])
        self.sums = running_sums([encoded.digest for encoded in models])
        self.ends = array("Q")
        end = -1
        for encoded in models:
            end += 1 + len(encoded.content)
            self.ends.append(end)

    @property
    def size_bytes(self) -> int:
        """About what it takes."""
        return _BLOCK_BYTES + _PLACE_BYTES * len(self.keys) + len(self.content)

    def cut(self, start: int, stop: int) -> bytes:
        """Return the models from ``start`` up to ``stop`` (at least one), joined by commas."""
        ends = self.ends
        return self.content[ends[start - 1] + 1 if start else 0 : ends[stop - 1]]


class GatheredBlock:
    """The same as an `EncodedBlock`, without a copy of the models' bytes: each cut joins them.

    Where very many views show the same models, they share what takes most of the memory.

    Parameters
    ----------
    models
        In their order.

    Attributes
    ----------
    keys, sums
        As those of an `EncodedBlock`.
    """

    __slots__ = ("_contents", "keys", "sums")

    def __init__(self, models: Sequence[EncodedModel]) -> None:
        self.keys = tuple([encoded.model.sort_key for encoded in models])
        self._contents = [encoded.content for encoded in models]
        self.sums = running_sums([encoded.digest for encoded in models])

    @property
    def content(self) -> bytes:
        """The models' JSON, joined by commas."""
        return b",".join(self._contents)

    @property
    def size_bytes(self) -> int:
        """About what it takes."""
        return _BLOCK_BYTES + _PLACE_BYTES * len(self.keys)

    def cut(self, start: int, stop: int) -> bytes:
        """Return the models from ``start`` up to ``stop`` (at least one), joined by commas."""
        return b",".join(self._contents[start:stop])


EMPTY: Final = EncodedBlock([])

#: Neighbours within one block, from the first index up to the second; at least one model.
BlockSlice: TypeAlias = "tuple[EncodedBlock | GatheredBlock, int, int]"
