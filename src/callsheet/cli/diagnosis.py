"""A diagnosis for people: the doctor's report as Markdown, to be read in a terminal or pasted into an issue."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from callsheet.doctor.exchange import quoted
from callsheet.doctor.report import (
    Check,
    ClientReport,
    Evidence,
    Finding,
    Level,
    Play,
    Report,
    Result,
    Section,
    worst_of,
)

#: Models that are named one by one.
_NAMED: Final = 8

_LEVELS: Final = list(Level)

#: How a level is written, so that the worse it is the more it stands out.
_MARKS: Final = {Level.ERROR: "**error**", Level.WARNING: "*warning*", Level.NOTE: "note"}


def write_diagnosis(report: Report, *, verbose: bool = False) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    verbose
        Also tell the rules that are kept or cannot be applied, and all that is not verified of the clients.
    """
    return "\n".join([*_head(report), *_clients(report, verbose=verbose), *_contract(report, verbose=verbose), ""])


def _head(report: Report) -> Iterator[str]:
    dialects = {"anthropic": "Anthropic's shape", "openai": "OpenAI's shape"}
    shapes = " and ".join(dialects[each] for each in report.speaks) or "no shape that could be read"
    yield f"# callsheet doctor {report.url}"
    yield ""
    models = "1 model" if len(report.models) == 1 else f"{len(report.models)} models"
    models = models if report.is_whole else f"More than {models}"
    yield f"{models} in {shapes}; {report.requests} requests in {report.seconds:.1f} s."
    yield f"Callsheet {report.callsheet}, {report.at}."
    yield ""
    yield _sum(report)
    if report.unfinished:
        yield ""
        yield f"{_MARKS[Level.WARNING]} Not everything could be asked: {report.unfinished}."


def _sum(report: Report) -> str:
    """What was found, in a line."""
    levels = [told.finding.level for told in _tell(report.clients)]
    levels += [check.level for section in report.sections for check in section.checks if check.is_broken]
    counts = [(levels.count(level), level.value) for level in Level]
    found = ", ".join(f"{count} {level}{'s' if count > 1 else ''}" for count, level in counts if count)
    asked = "what could be asked" if report.unfinished else "the contract"
    return f"Found: {found or 'nothing'}; {report.score} % of {asked} is kept."


# --- clients


class _Told(NamedTuple):
    """A finding, and everybody it is about."""

    finding: Finding
    about: list[tuple[ClientReport, list[Play]]]


def _clients(report: Report, *, verbose: bool) -> Iterator[str]:
    yield from ("", "## What the users of each client see", "")
    yield from ("| Client | Sees | Slowest answer | |", "|---|---|---|---|")
    for client in report.clients:
        for plays in _alike(client):
            sees = "no list" if plays[0].shown is None else f"{len(plays[0].shown)} of {plays[0].listed} models"
            yield f"| {_who(client, plays)} | {sees} | {_time(plays)} | {_mark(plays[0].findings)} |"
    if told := sorted(_tell(report.clients), key=lambda each: _LEVELS.index(each.finding.level)):
        yield ""
        for each in told:
            yield from _finding(each)
    yield from _footnotes(report.clients, verbose=verbose)


def _alike(client: ClientReport) -> list[list[Play]]:
    """The ways of a client that come to the same, together."""
    groups: dict[object, list[Play]] = {}
    for play in client.plays:
        key = play.shown, tuple((finding.code, finding.models) for finding in play.findings)
        groups.setdefault(key, []).append(play)
    return list(groups.values())


def _tell(clients: Iterable[ClientReport]) -> list[_Told]:
    """Every finding once."""
    merged: dict[object, _Told] = {}
    for client in clients:
        for play in client.plays:
            for finding in play.findings:
                key = finding.code, finding.level, finding.sentence, finding.models
                about = merged.setdefault(key, _Told(finding, [])).about
                if not about or about[-1][0] is not client:
                    about.append((client, []))
                about[-1][1].append(play)
    return list(merged.values())


def _finding(told: _Told) -> Iterator[str]:
    finding = told.finding
    who = ", ".join(_who(client, plays) for client, plays in told.about)
    names = _names(finding.models)
    if finding.code == "dropped":
        text = f"{names}: {finding.sentence} {finding.advice}"
    else:
        missing = f" Missing: {names}." if finding.code in ("cut", "stops") else ""
        repeated = f" Repeated: {names}." if finding.code == "repeated" else ""
        text = f"{finding.sentence} {finding.advice}{missing}{repeated}"
    yield f"* {_MARKS[finding.level]} {who}: {text}"
    if finding.code != "dropped":  # the list itself is no news there
        yield from _shown(finding.evidence)


def _who(client: ClientReport, plays: Sequence[Play]) -> str:
    """The client, and which of its ways of asking if not all of them."""
    if len(plays) == len(client.plays):
        return client.title
    ways = []
    for versions in dict.fromkeys(play.versions for play in plays):
        named = [play.way for play in plays if play.versions == versions]
        all_ways = len(named) == sum(play.versions == versions for play in client.plays)
        ways.append(versions if all_ways else f"{versions} ({', '.join(named)})")
    return f"{client.title} {', '.join(ways)}"


def _time(plays: Sequence[Play]) -> str:
    slowest = max(plays, key=lambda play: play.seconds)
    allowed = slowest.seconds_allowed
    took = f"{slowest.seconds:.1f} s" if slowest.seconds >= 1 else f"{slowest.seconds * 1000:.0f} ms"
    return took if allowed is None else f"{took} of {allowed:g} s"


def _mark(findings: Iterable[Finding]) -> str:
    worst = worst_of(finding.level for finding in findings)
    return "ok" if worst is None else _MARKS[worst]


def _footnotes(clients: Sequence[ClientReport], *, verbose: bool) -> Iterator[str]:
    without = [client for client in clients if any(map(_sees_nothing, client.plays))]
    if without:
        yield from ("", "Without a list their users see:", "")
        yield from (f"* {client.title}: {client.otherwise}." for client in without)
    unverified = [
        f"* {_who(client, [play for play in client.plays if play.unverified == what])}: {what}."
        for client in clients
        for what in dict.fromkeys(
            play.unverified for play in client.plays if play.unverified and (play.findings or verbose)
        )
    ]
    if unverified:
        yield from ("", "Not verified of these clients:", "")
        yield from unverified


def _sees_nothing(play: Play) -> bool:
    """Whether a user is left without a list; not if the client never stops asking for one, or it is not known."""
    return not play.shown and not {"loops", "not-asked", "empty"} & {finding.code for finding in play.findings}


def _names(models: Sequence[str]) -> str:
    shown = ", ".join(map(quoted, models[:_NAMED]))
    return f"{shown} and {len(models) - _NAMED} more" if len(models) > _NAMED else shown


# --- the contract


def _contract(report: Report, *, verbose: bool) -> Iterator[str]:
    part = " of what could be asked" if report.unfinished else ""
    yield from ("", f"## Conformance: {report.score} %{part}", "")
    yield from ("| Section | Kept | Broken | Blocked | Not applicable |", "|---|--:|--:|--:|--:|")
    for section in report.sections:
        counts = (section.count(result) for result in Result)
        yield f"| {section.number} {section.title} | {' | '.join(map(str, counts))} |"
    checks = [(section, check) for section in report.sections for check in section.checks]
    if not verbose and any(check.result is Result.BLOCKED for _, check in checks):
        yield from (
            "",
            "Blocked: cannot be told, as a rule that it rests on is broken; --verbose names them all.",
        )
    if broken := [each for each in checks if each[1].is_broken]:
        yield ""
        for section, check in sorted(broken, key=lambda each: _LEVELS.index(each[1].level)):
            yield from _broken(section, check, verbose=verbose)
    if verbose:
        for section in report.sections:
            yield from ("", f"### {section.number} {section.title}", "")
            yield from (_rule(check) for check in section.checks)


def _broken(section: Section, check: Check, *, verbose: bool) -> Iterator[str]:
    yield f"* {_MARKS[check.level]} §{section.number} {check.title}: {check.sentence} {check.why}"
    if verbose or check.level is not Level.NOTE:
        yield from _shown(check.evidence)


def _rule(check: Check) -> str:
    result = {Result.PASSED: "kept", Result.FAILED: "**broken**", Result.NOT_APPLICABLE: "not applicable"}
    told = "" if check.result is Result.PASSED else f" ({check.sentence.rstrip('.')})"
    return f"* {result.get(check.result, check.result.value)}: {check.title}{told}"


def _shown(evidence: Evidence | None) -> Iterator[str]:
    if evidence is not None:
        yield from ("", "```text", *evidence.request.split("\n"), f"→ {evidence.answer}", "```", "")
