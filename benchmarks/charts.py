"""The results as pictures."""

from enum import StrEnum
from typing import Final

from benchmarks import svg
from benchmarks.growth import KINDS, Grown
from benchmarks.requests import TITLES, Kind
from benchmarks.results import Results
from benchmarks.rounds import Comparison
from benchmarks.svg import Bar, Series


class Chart(StrEnum):
    """What each shows, for those who do not see it."""

    RETRIEVE = "Rate against nginx at its best: retrieve one"
    LIST = "Rate against nginx at its best: list 20"
    LIST_1000 = "Rate against nginx at its best: list 1000"
    NEW_CURSOR = "Rate against nginx at its best: a new cursor each time"
    NEW_TRACE = "Rate against nginx at its best: a new trace each time"
    PROXIED = "Rate against nginx at its best: as a proxy passes it on"
    CPU = "Processor time per request: list 20"
    START = "Start to first answer, by number of models"
    MEMORY = "Memory, by number of models"
    CHANGE = "Time to apply one change, by number of models"
    LATENCY = "p99 of each kind of request, by number of models"

    @property
    def file(self) -> str:
        """Its file's name."""
        return f"{self.name.lower().replace('_', '-')}.svg"


NAMES: Final = {kind: Chart[kind.name] for kind in Kind}


def draw(results: Results) -> dict[Chart, str]:
    """Return every chart there are figures for, as SVG."""
    drawn: dict[Chart, str] = {}
    if results.comparison is not None:
        drawn |= {NAMES[kind]: _ratios(results.comparison, kind) for kind in Kind}
        drawn[Chart.CPU] = _cpu(results.comparison)
    if results.growth is not None:
        drawn |= _growth(results.growth)
    return drawn


def _digits(ratio: float) -> str:
    if ratio >= 0.1:
        return f"{ratio:.2f}"
    return f"{ratio:.2g}" if ratio >= 0.0001 else f"{ratio:.5f}"  # which would be in powers of ten


def _ratios(comparison: Comparison, kind: Kind) -> str:
    values = [
        Bar(
            each.contender.title.replace("`", ""),
            ratio,
            _digits(ratio),
            _own(each.contender.name),
        )
        for each in comparison.standings
        if kind in each.figures
        for ratio in [each.figures[kind].ratio]
    ]
    below = "Requests per second, 1 = nginx at its best. Longer is better."
    return svg.bars(TITLES[kind].capitalize(), below, sorted(values, key=lambda bar: -bar.value), 1.0)


def _cpu(comparison: Comparison) -> str:
    values = [
        Bar(
            each.contender.title.replace("`", ""),
            max(cpu, 0.1),
            f"{cpu:,.1f}" if cpu < 100 else f"{cpu:,.0f}",
            _own(each.contender.name),
        )
        for each in comparison.standings
        if Kind.LIST in each.figures
        for cpu in [each.figures[Kind.LIST].cpu]
    ]
    below = "Microseconds, logarithmic. Further left is better."
    return svg.dots("Processor time per request, list 20", below, sorted(values, key=lambda bar: bar.value))


def _own(name: str) -> bool:
    return name.startswith("callsheet")


def _growth(growth: list[Grown]) -> dict[Chart, str]:
    names = [_count(grown.size) for grown in growth]
    below = "Across: models. Upward: logarithmic. Lower is better."

    def line(title: str, *series: Series) -> str:
        return svg.lines(title, below, names, series)

    return {
        Chart.START: line("Start to first answer, seconds", Series("", [each.start_seconds for each in growth])),
        Chart.MEMORY: line("Memory, MiB", Series("", [each.resident_mib for each in growth])),
        Chart.CHANGE: line(
            "One change, from commit to served, ms", Series("", [each.applied.median for each in growth])
        ),
        Chart.LATENCY: line(
            "p99 under full load, microseconds",
            *(Series(TITLES[kind], [each.latency[kind].p99 for each in growth]) for kind in KINDS),
        ),
    }


def _count(number: int) -> str:
    if number >= 1_000_000:
        return f"{number / 1_000_000:g}M"
    return f"{number / 1000:g}k" if number >= 1000 else str(number)
