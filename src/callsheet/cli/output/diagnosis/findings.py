"""Findings, each of them once, however many clients it is about."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from callsheet.cli.output.diagnosis.versions import who
from callsheet.cli.output.diagnosis.words import evidence_lines, first_names, mark, severity
from callsheet.doctor.report import ClientReport, Finding, Play

#: What the models of a finding are, by its code.
_MODELS: Final = {"cut": "Missing", "stops": "Missing", "repeated": "Repeated", "cut-text": "Affected"}

#: Findings whose evidence would be the list itself, which the reader has seen.
_WITHOUT_EVIDENCE: Final = ("dropped", "cut-text")


class MergedFinding(NamedTuple):
    """A finding, and the ways of asking of every client that has it."""

    finding: Finding
    plays: dict[str, list[Play]]  # by the name of the client


def merge_findings(clients: Iterable[ClientReport]) -> list[MergedFinding]:
    """Return every finding once, in the order of the clients."""
    merged: dict[object, MergedFinding] = {}
    for client in clients:
        for play in client.plays:
            for finding in play.findings:
                key = finding.code, finding.level, finding.sentence, finding.models
                plays = merged.setdefault(key, MergedFinding(finding, {})).plays
                plays.setdefault(client.name, []).append(play)
    return list(merged.values())


def finding_lines(clients: Iterable[ClientReport]) -> Iterator[str]:
    """Yield the findings, the worst first."""
    by_name = {client.name: client for client in clients}
    merged = sorted(merge_findings(by_name.values()), key=lambda each: severity(each.finding.level))
    if merged:
        yield from ("", "What goes wrong:", "")
    for each in merged:
        about = ", ".join(who(by_name[name], plays) for name, plays in each.plays.items())
        yield f"* {mark(each.finding.level)} {about}: {finding_sentence(each.finding)}"
        if each.finding.code not in _WITHOUT_EVIDENCE:
            yield from evidence_lines(each.finding.evidence)


def finding_sentence(finding: Finding) -> str:
    """Return a finding with its advice and the models that it is about."""
    names = first_names(finding.models)
    if finding.code == "dropped":
        return f"{names}: {finding.sentence} {finding.advice}"
    models = f" {_MODELS[finding.code]}: {names}." if finding.code in _MODELS else ""
    return f"{finding.sentence} {finding.advice}{models}"
