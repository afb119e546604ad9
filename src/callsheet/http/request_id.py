"""Request ids: ``req_01`` and 22 characters of base 58 (contract, section 6)."""

import os
from typing import Final

from callsheet.service.ids import BASE_58

_PAIRS: Final = [first + second for first in BASE_58 for second in BASE_58]
_COUNT: Final = len(_PAIRS)
_LENGTH: Final = 11  # pairs; 22 digits of base 58 hold 128 bits


def make_request_id() -> str:
    """Return a new id. 128 random bits do not repeat, across processes or ever."""
    number = int.from_bytes(os.urandom(16))
    digits = []
    for _ in range(_LENGTH):
        number, pair = divmod(number, _COUNT)
        digits.append(_PAIRS[pair])
    return f"req_01{''.join(digits)}"
