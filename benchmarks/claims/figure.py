"""What was measured of claims, sources and plans, each beside what it may be at most."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from benchmarks.growth import POLL_SECONDS
from benchmarks.markdown import table

_NO_LIMIT: Final = "–"  # noqa: RUF001  # a dash

_EXPLAINED: Final = (
    "Every model has claims of five managers: the built-in facts, an enrichment, a source, a file and a person. "
    "*Without claims* is the other checkout, if one was named, else the same program on a database without any. "
    "*A claim* is a person's change of a name, by another process; the server looks for changes every "
    f"{POLL_SECONDS * 1000:g} ms. *The longest request* is the median over all claims of the slowest one from the "
    "commit until some time after the claim was served."
)


class Figure(NamedTuple):
    """One row of the table.

    Parameters
    ----------
    what
        With its unit.
    value
        As measured.
    at_most
        What it has to stay below; None if there is no such limit.
    digits
        Behind the point.
    """

    what: str
    value: float
    at_most: float | None = None
    digits: int = 2


def section(figures: Iterable[Figure]) -> list[str]:
    """Return the part of the page."""
    rows = [
        [
            each.what,
            f"{each.value:,.{each.digits}f}",
            _NO_LIMIT if each.at_most is None else f"{each.at_most:g}",
        ]
        for each in figures
    ]
    return ["## A catalogue that keeps itself", _EXPLAINED, table(["", "measured", "at most"], rows)]
