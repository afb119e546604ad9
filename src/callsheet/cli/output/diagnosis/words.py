"""Levels, names of models and evidence, as the report writes them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.report import Evidence, Finding, Level, worst_of

_MAX_NAMES: Final = 8

_MARKS: Final = {Level.ERROR: "**error**", Level.WARNING: "*warning*", Level.NOTE: "note"}

_ORDER: Final = {level: place for place, level in enumerate(Level)}


def mark(level: Level) -> str:
    """Return a level in such type that it stands out the more, the worse it is."""
    return _MARKS[level]


def worst_mark(findings: Iterable[Finding]) -> str:
    """Return the mark of the worst level; ok if there are no findings."""
    worst = worst_of(finding.level for finding in findings)
    return "ok" if worst is None else mark(worst)


def severity(level: Level) -> int:
    """Return the place of a level in an order with the worst first."""
    return _ORDER[level]


def count_levels(levels: Sequence[Level]) -> str:
    """Return how many there are of each level, such as "1 error, 2 warnings"; "nothing" if there are none."""
    counts = [(levels.count(level), level.value) for level in Level]
    return ", ".join(f"{count} {word}{'s' * (count > 1)}" for count, word in counts if count) or "nothing"


def first_names(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    shown = ", ".join(map(quoted, names[:_MAX_NAMES]))
    return f"{shown} and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else shown


def evidence_lines(evidence: Evidence | None) -> Iterator[str]:
    """Yield a block with the request and its response; nothing if there is no evidence."""
    if evidence is not None:
        yield from ("", "```text", *evidence.request.split("\n"), f"→ {evidence.answer}", "```", "")
