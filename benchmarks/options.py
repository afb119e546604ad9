"""How long and how much to measure."""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import NamedTuple

from benchmarks.requests import Numbered

#: What can be named beside contenders.
PARTS = ("codings", "costs", "start", "growth", "crowd", "workers", "claims")


class Options(NamedTuple):
    """What was asked for.

    Parameters
    ----------
    quick
        Only prove that the benchmark works.
    rounds
        Of which the median is reported.
    seconds
        Of one run.
    only
        Contenders and parts to measure; all if empty.
    output
        The page to write.
    small, large
        The catalogues that contenders answer from.
    many
        The catalogue of pages that are asked for once: so many that none comes again soon.
    sizes
        Of the catalogues in the part on growth.
    crowd
        Keys, and the workspaces that they are of, in the part on many of them.
    source_sizes
        Rows of a source of which few change, and of one that is listed for the first time.
    change_seconds
        How long changes are followed, one by one.
    beside
        Another checkout of Callsheet, to be measured as a contender.
    """

    quick: bool
    rounds: int
    seconds: float
    only: AbstractSet[str]
    output: Path
    small: Numbered
    large: Numbered
    many: Numbered
    sizes: tuple[int, ...]
    crowd: tuple[int, int]
    source_sizes: tuple[int, int]
    change_seconds: float
    beside: Path | None = None

    def wants(self, name: str) -> bool:
        """Return whether a contender or a part is to be measured."""
        return not self.only or name in self.only
