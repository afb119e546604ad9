"""Numbers of tokens as people type them: 200000, 200,000, 200k, 1M."""

import re
from decimal import Decimal
from typing import Final

from callsheet.domain.errors import InvalidError

_COUNT: Final = re.compile(
    r"(?P<whole>\d{1,3}(?:[,_]\d{3}){1,5}|\d{1,16})(?:\.(?P<part>\d{1,6}))?(?P<unit>[kKmM])?", re.ASCII
)
_UNITS: Final = {None: 1, "k": 1_000, "m": 1_000_000}


def parse_tokens(text: str, name: str) -> int:
    """Return a number of tokens; k is a thousand, M a million.

    Raises
    ------
    InvalidError
        ``text`` is not a whole number; the sentence begins with ``name``.
    """
    found = _COUNT.fullmatch(text.strip())
    if found is not None:
        whole = re.sub("[,_]", "", found["whole"])
        count = Decimal(f"{whole}.{found['part'] or 0}") * _UNITS[found["unit"] and found["unit"].lower()]
        if count == int(count):
            return int(count)
    raise InvalidError(f"{name} must be a number of tokens such as 200000, 200,000, 200k or 1M, not {text[:40]!r}.")
