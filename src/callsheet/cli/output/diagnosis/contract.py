"""Which rules of the contract a server keeps and breaks."""

from collections.abc import Iterable, Iterator
from typing import Final

from callsheet.cli.output.diagnosis.words import evidence_lines, mark, severity
from callsheet.doctor.report import Check, Level, Report, Result, Section

_RESULTS: Final = {
    Result.PASSED: "kept",
    Result.FAILED: "**broken**",
    Result.BLOCKED: "blocked",
    Result.NOT_APPLICABLE: "not applicable",
}


def broken_checks(report: Report) -> list[tuple[Section, Check]]:
    """Return the rules that are broken, with their sections."""
    return [(section, check) for section in report.sections for check in section.checks if check.is_broken]


def contract_lines(report: Report, *, verbose: bool) -> Iterator[str]:
    """Yield the score, a table of the sections, and the broken rules; if focused, only how many are broken."""
    if report.focused and not verbose:
        yield from broken_count(report)
        return
    yield from _table(report)
    checks = [check for section in report.sections for check in section.checks]
    if not verbose and any(check.result is Result.BLOCKED for check in checks):
        yield from ("", "Blocked: not tested, because a rule they depend on is broken. `--verbose` lists them.")
    yield from broken_rules(report, verbose=verbose)
    if verbose:
        yield from _all_rules(report.sections)


def broken_count(report: Report) -> Iterator[str]:
    """Yield a sentence that says how many rules are broken; nothing if none is."""
    if count := len(broken_checks(report)):
        rules = "1 rule of the contract is" if count == 1 else f"{count} rules of the contract are"
        yield from ("", f"Apart from that, {rules} broken; --contract shows them.")


def _table(report: Report) -> Iterator[str]:
    part = " of what could be tested" if report.unfinished else ""
    yield from ("", f"## Conformance: {report.score} %{part}", "")
    yield from ("| Section | Kept | Broken | Blocked | Not applicable |", "|---|--:|--:|--:|--:|")
    for section in report.sections:
        counts = (str(section.count(result)) for result in Result)
        yield f"| {heading(section)} | {' | '.join(counts)} |"


def broken_rules(report: Report, *, verbose: bool) -> Iterator[str]:
    """Yield the broken rules, the worst first, with the requests that show it."""
    broken = sorted(broken_checks(report), key=lambda each: severity(each[1].level))
    if broken:
        yield from ("", f"What a section requires: `callsheet doctor --explain {broken[0][0].number}`.", "")
    for section, check in broken:
        yield f"* {mark(check.level)} {heading(section)}: {check.sentence} {check.why}"
        if verbose or check.level is not Level.NOTE:
            yield from evidence_lines(check.evidence)


def _all_rules(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        yield from ("", f"### {heading(section)}", "")
        for check in section.checks:
            why = "" if check.result is Result.PASSED else f" ({check.sentence.rstrip('.')})"
            yield f"* {_RESULTS[check.result]} `{check.code}`: {check.title}{why}"


def heading(section: Section) -> str:
    """Return number and title of a section."""
    return f"{section.number}. {section.title}"
