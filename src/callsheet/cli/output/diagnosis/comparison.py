"""The report on two servers: what the users of each client saw before, and see now."""

from collections.abc import Iterator, Sequence
from typing import Final

from callsheet.cli.output.diagnosis.clients import sees, slowest_answer
from callsheet.cli.output.diagnosis.contract import broken_count, broken_rules, heading
from callsheet.cli.output.diagnosis.findings import finding_lines, merge_findings
from callsheet.cli.output.diagnosis.report import found, listed
from callsheet.cli.output.diagnosis.versions import who
from callsheet.cli.output.diagnosis.words import mark, severity, worst_mark
from callsheet.doctor.compare import Comparison, ShownModel
from callsheet.doctor.probe.texts import one_line, quoted
from callsheet.doctor.report import ClientReport, Level, Play, Report, Result

#: Models of a picker that are printed, those that have changed first.
_MAX_MODELS: Final = 12

_NOT_SHOWN: Final = "*not shown*"


def write_comparison(comparison: Comparison, *, verbose: bool = False) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    verbose
        Print all models of each picker, and the requests that show findings of the mildest level.
    """
    groups = _groups(comparison)
    lines = (
        *_head(comparison),
        *_table(groups),
        *_pickers(groups, verbose=verbose),
        *finding_lines(comparison.now.clients),
        *_gone(comparison),
        *_contract(comparison, verbose=verbose),
        "",
    )
    return "\n".join(lines)


class _Group:
    """Ways of asking of a client to which the same happened."""

    def __init__(self, client: ClientReport, models: tuple[ShownModel, ...]) -> None:
        self.client = client
        self.models = models
        self.before: list[Play] = []
        self.now: list[Play] = []

    @property
    def title(self) -> str:
        return who(self.client, self.now)


def _groups(comparison: Comparison) -> list[_Group]:
    before = {client.name: client.plays for client in comparison.before.clients} if comparison.before else {}
    groups: dict[object, _Group] = {}
    for client, change in zip(comparison.now.clients, comparison.clients, strict=True):
        earlier = {(play.versions, play.way): play for play in before.get(client.name, ())}
        for play, changed in zip(client.plays, change.plays, strict=True):
            was = earlier.get((play.versions, play.way))
            key = client.name, changed.models, _outcome(was), _outcome(play)
            group = groups.setdefault(key, _Group(client, changed.models))
            group.now.append(play)
            group.before += [was] if was else []
    return list(groups.values())


def _outcome(play: Play | None) -> object:
    if play is None:
        return None
    return play.shown is None, tuple((finding.code, finding.models) for finding in play.findings)


def _head(comparison: Comparison) -> Iterator[str]:
    now, before = comparison.now, comparison.before
    yield f"# callsheet doctor {now.url}"
    if before is None:
        yield from ("", f"Before: no list. {comparison.no_list}")
    else:
        yield from ("", f"Before, at {before.url}: {_at(before)}")
    yield from ("", f"Now, at {now.url}: {_at(now)}", "", f"Callsheet {now.callsheet}, {now.at}.")
    for report, when in ((before, "Before"), (now, "Now")):
        if report is not None and report.unfinished:
            yield from ("", f"{mark(Level.WARNING)} {when}, not everything could be tested: {report.unfinished}.")


def _at(report: Report) -> str:
    return f"{listed(report)}. {found(report)}"


def _table(groups: Sequence[_Group]) -> Iterator[str]:
    yield from ("", "## What the users of each client saw, and see now", "")
    yield from ("| Client | Before | Now | Slowest answer | |", "|---|---|---|---|---|")
    for group in groups:
        was = sees(group.before[0]) if group.before else "no list"
        lost = sum(model.is_lost for model in group.models)
        now = sees(group.now[0]) + (f", {lost} lost" if lost else "")
        yield f"| {group.title} | {was} | {now} | {slowest_answer(group.now)} | {_marks(group)} |"


def _marks(group: _Group) -> str:
    """Return the worst finding of both, or one mark if they are alike."""
    was = worst_mark(group.before[0].findings) if group.before else mark(Level.ERROR)
    now = worst_mark(group.now[0].findings)
    return now if was == now else f"{was} → {now}"


def _pickers(groups: Sequence[_Group], *, verbose: bool) -> Iterator[str]:
    """Yield the names before and now, a table for all clients to whose pickers the same happened."""
    titles: dict[tuple[ShownModel, ...], list[str]] = {}
    for group in groups:
        titles.setdefault(group.models, []).append(group.title)
    for models, clients in titles.items():
        if any(model.before != model.now for model in models):
            yield from ("", f"### {', '.join(clients)}", "")
            yield from ("| Model | Name before | Name now |", "|---|---|---|")
            changed_first = sorted(models, key=lambda model: model.before == model.now)
            printed = changed_first if verbose else changed_first[:_MAX_MODELS]
            for model in printed:
                yield f"| {quoted(model.id)} | {_name(model.before)} | {_name(model.now)} |"
            if left := len(models) - len(printed):
                yield from ("", f"And {left} more; --verbose prints all.")
        elif models:
            yield from ("", f"### {', '.join(clients)}", "", f"All names of {len(models)} models are as before.")


def _name(name: str | None) -> str:
    return _NOT_SHOWN if name is None else one_line(name).replace("|", "\\|").replace("`", "'")


def _gone(comparison: Comparison) -> Iterator[str]:
    """Yield the findings that there were before, and are not now."""
    if comparison.before is None:
        return
    by_name = {client.name: client for client in comparison.before.clients}
    still = {(client.name, finding.code) for client in comparison.now.clients for finding in client.findings}
    lines = []
    for merged in sorted(merge_findings(by_name.values()), key=lambda each: severity(each.finding.level)):
        code = merged.finding.code
        about = [who(by_name[name], plays) for name, plays in merged.plays.items() if (name, code) not in still]
        if about:
            lines.append(f"* {mark(merged.finding.level)} {', '.join(about)}: {merged.finding.sentence}")
    if lines:
        yield from ("", "What no longer goes wrong:", "", *lines)


def _contract(comparison: Comparison, *, verbose: bool) -> Iterator[str]:
    before, now = comparison.before, comparison.now
    if now.focused and not verbose:
        yield from broken_count(now)
        return
    yield from ("", f"## Conformance: {f'{before.score} % before, ' if before else ''}{now.score} % now", "")
    if before is not None:
        yield from ("| Section | Kept before | Kept now |", "|---|--:|--:|")
        for was, section in zip(before.sections, now.sections, strict=True):
            kept = (f"{each.count(Result.PASSED)} of {each.applicable}" for each in (was, section))
            yield f"| {heading(section)} | {' | '.join(kept)} |"
    yield from broken_rules(now, verbose=verbose)
