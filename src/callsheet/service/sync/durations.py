"""Durations as people write them: ``30s``, ``5m``, ``1h``, ``2d``; and a grace, ``3 runs and 1h``."""

import re
from typing import Final, NamedTuple

from callsheet.domain.errors import InvalidError

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION: Final = re.compile(r"([0-9]{1,9})\s*([smhd])", re.ASCII)
_GRACE: Final = re.compile(r"([0-9]{1,6})\s+runs?(?:\s+and\s+(\S+(?:\s*[smhd])?))?", re.ASCII)

_MAX_SECONDS: Final = 366 * 86_400


class Grace(NamedTuple):
    """How long a model may be missing: until both have passed.

    Parameters
    ----------
    runs
        Good runs in a row that did not list it.
    seconds
        Since the first of them.
    """

    runs: int
    seconds: int

    def __str__(self) -> str:
        return f"{self.runs} run{'s' * (self.runs != 1)} and {format_duration(self.seconds)}"


def parse_duration(text: str, name: str = "A duration") -> int:
    """Return seconds; InvalidError, whose sentence begins with ``name``, if ``text`` is not such as ``5m``."""
    found = _DURATION.fullmatch(text.strip())
    seconds = 0 if found is None else int(found[1]) * _UNITS[found[2]]
    if found is None or seconds > _MAX_SECONDS:
        raise InvalidError(
            f"{name} must be a number with s, m, h or d, such as 5m, at most 366d; not {text[:40]!r}."
        )
    return seconds


def format_duration(seconds: int) -> str:
    """Return ``seconds`` as `parse_duration` reads them, in the largest unit that is exact."""
    unit = next(unit for unit in ("d", "h", "m", "s") if seconds % _UNITS[unit] == 0)
    return f"{seconds // _UNITS[unit]}{unit}" if seconds else "0s"


def parse_grace(text: str) -> Grace:
    """Return the grace that ``text`` means: ``3 runs and 1h``, ``3 runs`` or ``1h``; InvalidError if none."""
    found = _GRACE.fullmatch(text.strip())
    if found is not None:
        return Grace(int(found[1]), 0 if found[2] is None else parse_duration(found[2], "The time in a grace"))
    if _DURATION.fullmatch(text.strip()):
        return Grace(0, parse_duration(text, "A grace"))
    raise InvalidError(f"A grace must be such as '3 runs and 1h', '3 runs' or '1h', not {text[:40]!r}.")
