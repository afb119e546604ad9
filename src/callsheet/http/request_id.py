"""Request ids: ``req_01`` and 22 characters of base 58 (contract, section 6)."""

import os
from collections.abc import Iterator
from itertools import chain
from typing import Final

from callsheet.service.ids import BASE_58

_PAIRS: Final = [(first + second).encode() for first in BASE_58 for second in BASE_58]
_PREFIX_PAIRS: Final = 10  # 20 characters, 117 bits


class RequestIDs:
    """Makes request ids that do not repeat, in this process or any other.

    Twenty characters are random; the last two count up, and when they are used up, twenty new ones are drawn. That
    costs a tenth of drawing all of them every time. A forked process draws its own. Threads may share a maker:
    ``make`` is one call of an iterator written in C, which no other thread can interrupt.
    """

    def __init__(self) -> None:
        self._renew()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.make = chain.from_iterable(iter(_draw, None)).__next__
        """Return the next id, as ASCII bytes."""


def _draw() -> Iterator[bytes]:
    """Return the ids, 58 times 58, that begin with the same twenty random characters."""
    number = int.from_bytes(os.urandom(16))
    digits = []
    for _ in range(_PREFIX_PAIRS):
        number, pair = divmod(number, len(_PAIRS))
        digits.append(_PAIRS[pair])
    return map((b"req_01" + b"".join(digits)).__add__, _PAIRS)


_ids = RequestIDs()


def make_request_id() -> str:
    """Return a new id."""
    return _ids.make().decode("ascii")
