"""A diagnosis for people: the doctor's report as Markdown, to be read in a terminal or pasted into an issue."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from callsheet.doctor.probe.exchange import quoted
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

#: A range of versions.
_RANGE: Final = re.compile(r"(?P<first>[\d.]+) (?:to (?P<last>[\d.]+)|and newer)")

#: How a level is written, so that the worse it is the more it stands out.
_MARKS: Final = {Level.ERROR: "**error**", Level.WARNING: "*warning*", Level.NOTE: "note"}


def write_diagnosis(report: Report, *, verbose: bool = False) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    verbose
        Also list the rules that are kept or cannot be tested, and all that is not verified of the clients.
    """
    return "\n".join([*_head(report), *_clients(report, verbose=verbose), *_contract(report, verbose=verbose), ""])


def _head(report: Report) -> Iterator[str]:
    dialects = {"anthropic": "Anthropic's format", "openai": "OpenAI's format"}
    shapes = " and ".join(dialects[each] for each in report.speaks) or "neither Anthropic's nor OpenAI's format"
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
        yield f"{_MARKS[Level.WARNING]} Not everything could be tested: {report.unfinished}."


def _sum(report: Report) -> str:
    """What was found, in a line."""
    levels = [each.finding.level for each in _merged(report.clients)]
    if not report.focused:
        levels += [check.level for check in _broken_checks(report)]
    counts = [(levels.count(level), level.value) for level in Level]
    found = ", ".join(f"{count} {level}{'s' if count > 1 else ''}" for count, level in counts if count)
    if report.focused:
        return f"Found for {', '.join(client.title for client in report.clients)}: {found or 'nothing'}."
    tested = "what could be tested" if report.unfinished else "the contract"
    return f"Found: {found or 'nothing'}; {report.score} % of {tested} is kept."


# --- clients


class _Merged(NamedTuple):
    """A finding, and every client that it is about."""

    finding: Finding
    about: list[tuple[ClientReport, list[Play]]]


def _clients(report: Report, *, verbose: bool) -> Iterator[str]:
    yield from ("", "## What the users of each client see", "")
    yield from ("| Client | Sees | Slowest answer | |", "|---|---|---|---|")
    for client in report.clients:
        for plays in _alike(client):
            sees = "no list" if plays[0].shown is None else f"{len(plays[0].shown)} of {plays[0].listed} models"
            yield f"| {_who(client, plays)} | {sees} | {_time(plays)} | {_mark(plays[0].findings)} |"
    yield from _names_shown(report)
    if merged := sorted(_merged(report.clients), key=lambda each: _LEVELS.index(each.finding.level)):
        yield from ("", "What goes wrong:", "")
        for each in merged:
            yield from _finding(each)
    yield from _footnotes(report.clients, verbose=verbose)


def _names_shown(report: Report) -> Iterator[str]:
    """The names in each picker: those of clients that show the same names in a line of their own."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for client in report.clients:
        for plays in _alike(client):
            if plays[0].names:
                groups.setdefault(plays[0].names, []).append(_who(client, plays))
    if groups:
        yield from ("", "The names they show:", "")
        for names, who in groups.items():
            yield f"* {', '.join(who)}: {_listed(names)}"


def _alike(client: ClientReport) -> list[list[Play]]:
    """The ways of a client that come to the same, together."""
    groups: dict[object, list[Play]] = {}
    for play in client.plays:
        key = play.shown, play.names, tuple((finding.code, finding.models) for finding in play.findings)
        groups.setdefault(key, []).append(play)
    return list(groups.values())


def _merged(clients: Iterable[ClientReport]) -> list[_Merged]:
    """Every finding once."""
    merged: dict[object, _Merged] = {}
    for client in clients:
        for play in client.plays:
            for finding in play.findings:
                key = finding.code, finding.level, finding.sentence, finding.models
                about = merged.setdefault(key, _Merged(finding, [])).about
                if not about or about[-1][0] is not client:
                    about.append((client, []))
                about[-1][1].append(play)
    return list(merged.values())


#: What the models are that a finding names, by its code.
_MODELS: Final = {"cut": "Missing", "stops": "Missing", "repeated": "Repeated", "cut-text": "Concerned"}


def _finding(merged: _Merged) -> Iterator[str]:
    finding = merged.finding
    who = ", ".join(_who(client, plays) for client, plays in merged.about)
    names = _listed(finding.models)
    if finding.code == "dropped":
        text = f"{names}: {finding.sentence} {finding.advice}"
    else:
        named = f" {_MODELS[finding.code]}: {names}." if finding.code in _MODELS else ""
        text = f"{finding.sentence} {finding.advice}{named}"
    yield f"* {_MARKS[finding.level]} {who}: {text}"
    if finding.code not in ("dropped", "cut-text"):  # the list itself is no news there
        yield from _shown(finding.evidence)


def _who(client: ClientReport, plays: Sequence[Play]) -> str:
    """The client, and which of its ways of asking if not all of them."""
    if len(plays) == len(client.plays):
        return client.title
    all_versions = list(dict.fromkeys(play.versions for play in client.plays))
    ways: list[str] = []
    whole: list[str] = []  # versions of which all ways are meant, one after the other
    for versions in (*all_versions, ""):
        named = [play.way for play in plays if play.versions == versions]
        if named and len(named) == sum(play.versions == versions for play in client.plays):
            whole.append(versions)
            continue
        ways += _spanned(whole)
        whole = []
        if named:
            ways.append(f"{versions} ({', '.join(named)})")
    return f"{client.title} {', '.join(ways)}"


def _spanned(versions: Sequence[str]) -> list[str]:
    """Return neighbouring ranges of versions as one: `1.0 and newer` for `2.0 and newer`, `1.0 to 1.9`."""
    ranges = [found for found in map(_RANGE.fullmatch, versions) if found]
    if len(versions) < 2 or len(ranges) < len(versions):
        return list(versions)
    newest, oldest = ranges[0], ranges[-1]
    return [f"{oldest['first']} to {newest['last']}" if newest["last"] else f"{oldest['first']} and newer"]


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
        yield from ("", "What their users see instead:", "")
        yield from (f"* {client.title}: {client.otherwise}." for client in without)
    unverified = [
        f"* {_who(client, [play for play in client.plays if play.unverified == what])}: {what}."
        for client in clients
        for what in dict.fromkeys(
            play.unverified for play in client.plays if play.unverified and (play.findings or verbose)
        )
    ]
    if unverified:
        yield from ("", "Not verified about these clients:", "")
        yield from unverified
    silent = [
        f"* {_who(client, [play for play in client.plays if play.silent_if == what])}: if {what}."
        for client in clients
        for what in dict.fromkeys(play.silent_if for play in client.plays if play.silent_if)
    ]
    if silent and verbose:
        yield from ("", "When they do not ask at all:", "")
        yield from silent


def _sees_nothing(play: Play) -> bool:
    """Whether a user is left without a list; not if the client never stops asking for one, or it is not known."""
    return not play.shown and not {"loops", "not-asked", "empty"} & {finding.code for finding in play.findings}


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(quoted, names[:_NAMED]))
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown


# --- the contract


def _broken_checks(report: Report) -> list[Check]:
    return [check for section in report.sections for check in section.checks if check.is_broken]


def _contract(report: Report, *, verbose: bool) -> Iterator[str]:
    if report.focused and not verbose:
        if broken := len(_broken_checks(report)):
            rules = "1 rule of the contract is" if broken == 1 else f"{broken} rules of the contract are"
            yield from ("", f"Apart from that, {rules} broken; --contract shows them.")
        return
    part = " of what could be tested" if report.unfinished else ""
    yield from ("", f"## Conformance: {report.score} %{part}", "")
    yield from ("| Section | Kept | Broken | Blocked | Not applicable |", "|---|--:|--:|--:|--:|")
    for section in report.sections:
        counts = (section.count(result) for result in Result)
        yield f"| {section.title} | {' | '.join(map(str, counts))} |"
    checks = [(section, check) for section in report.sections for check in section.checks]
    if not verbose and any(check.result is Result.BLOCKED for _, check in checks):
        yield from (
            "",
            "Blocked: not tested, because a rule they depend on is broken. `--verbose` lists them.",
        )
    if broken_ones := [each for each in checks if each[1].is_broken]:
        yield ""
        for section, check in sorted(broken_ones, key=lambda each: _LEVELS.index(each[1].level)):
            yield from _broken(section, check, verbose=verbose)
    if verbose:
        for section in report.sections:
            yield from ("", f"### {section.title}", "")
            yield from (_rule(check) for check in section.checks)


def _broken(section: Section, check: Check, *, verbose: bool) -> Iterator[str]:
    yield f"* {_MARKS[check.level]} {section.title}: {check.sentence} {check.why}"
    if verbose or check.level is not Level.NOTE:
        yield from _shown(check.evidence)


def _rule(check: Check) -> str:
    result = {Result.PASSED: "kept", Result.FAILED: "**broken**", Result.NOT_APPLICABLE: "not applicable"}
    why = "" if check.result is Result.PASSED else f" ({check.sentence.rstrip('.')})"
    return f"* {result.get(check.result, check.result.value)}: {check.title}{why}"


def _shown(evidence: Evidence | None) -> Iterator[str]:
    if evidence is not None:
        yield from ("", "```text", *evidence.request.split("\n"), f"→ {evidence.answer}", "```", "")
