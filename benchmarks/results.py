"""Everything that was measured in one run of the benchmark."""

from typing import NamedTuple

from benchmarks.claims.figure import Figure
from benchmarks.codings import Coded
from benchmarks.costs import Cost
from benchmarks.crowd import Gathered
from benchmarks.growth import Grown
from benchmarks.in_turn import Asked
from benchmarks.options import Options
from benchmarks.rounds import Comparison
from benchmarks.starting import Started
from benchmarks.workers import Crew


class Results(NamedTuple):
    """What was not asked for is None."""

    options: Options
    machine: list[str]
    comparison: Comparison | None
    codings: list[Coded] | None
    costs: list[Cost] | None
    started: Started | None
    growth: list[Grown] | None
    crowd: list[Gathered] | None
    in_turn: list[Asked] | None
    crews: list[Crew] | None
    claims: list[Figure] | None
