"""Numbers of days, as people write them."""

import re
from typing import Final

from callsheet.domain.errors import InvalidError

MAX_DAYS: Final = 36_500

_DAYS: Final = re.compile(r"([0-9]{1,5})\s*d?", re.ASCII)


def parse_days(text: str, name: str) -> int:
    """Return the number of days in a text such as ``90d`` or ``90``.

    Raises
    ------
    InvalidError
        It is not a whole number of days, at most a hundred years; the sentence begins with ``name``.
    """
    found = _DAYS.fullmatch(text.strip())
    if found is None or int(found[1]) > MAX_DAYS:
        raise InvalidError(f"{name} must be a number of days such as 90d, at most {MAX_DAYS:,}, not {text[:20]!r}.")
    return int(found[1])
