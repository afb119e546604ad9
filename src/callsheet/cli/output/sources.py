"""Sources as people and programs read them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from callsheet.cli.output.tables import print_record, print_table, say, second
from callsheet.domain.times import format_instant
from callsheet.service.sync.decide import Outcome
from callsheet.service.sync.report import Report
from callsheet.service.sync.sources import Source

_MAX_NAMED: Final = 5

#: What a report says of names, in the order in which people care.
_COUNTED: Final = {
    "new": "new",
    "changed": "changed",
    "missing": "missing",
    "held": "held",
    "rejected": "rejected",
    "suppressed": "suppressed",
    "dropped": "left out",
}


def print_sources(sources: Sequence[Source], now: datetime) -> None:
    """Print a line for each source."""
    print_table(
        ("Name", "Kind", "Models", "Last run", "Last good", "Next", "URL"),
        (
            (
                source.name,
                source.config.kind,
                source.state.counts.get("listed"),
                source.state.last_outcome,
                _ago(source.state.last_good_at, now),
                _next(source, now),
                source.config.url,
            )
            for source in sources
        ),
        {"Name": 12, "URL": 20},
    )
    for source in sources:
        if source.pending is not None:
            say(f"{source.name}: {source.pending.sentence} See callsheet sources plan {source.name}")
        elif source.state.last_error is not None:
            say(f"{source.name}: {source.state.last_error}")


def print_source(source: Source, workspaces: Mapping[str, str]) -> None:
    """Print the fields of a source.

    Parameters
    ----------
    workspaces
        Names of workspaces by id.
    """
    state, config = source.state, source.config
    shown = {name: value for name, value in config.record().items() if value not in ("", [], {}, None)}
    if config.workspace:
        shown["workspace"] = workspaces.get(config.workspace, config.workspace)
    if config.asks_keys:
        shown["key_mode"] = str(config.key_mode)
    if shown.pop("keys_forgotten_at", ""):
        shown["keys forgotten"] = second(config.keys_forgotten_at)
    print_record(
        {
            "name": source.name,
            **shown,
            "paused": state.paused,
            "last run": _when(state.last_run_at),
            "outcome": state.last_outcome,
            "error": state.last_error,
            "failures": state.failures or None,
            "last good": _when(state.last_good_at),
            "next run": _when(state.next_run_at),
            "counts": ", ".join(f"{count} {kind}" for kind, count in state.counts.items() if count) or None,
            "waits": None if source.pending is None else source.pending.sentence,
            "rejected": sorted(source.rejected),
        }
    )


def say_report(report: Report) -> None:
    """Say how a run ended."""
    name = report.source
    match report.outcome:
        case None:
            say(f"{name}: another process is running it at the moment.")
        case Outcome.FAILED:
            say(f"{name}: {report.sentence}")
        case Outcome.QUARANTINED:
            say(f"{name}: {report.sentence} See callsheet sources plan {name}")
        case _:
            say(f"{name}: {_summary(report)}")
            if report.sentence:
                say(f"{name}: {report.sentence} See callsheet sources plan {name}")
    if report.dropped and report.outcome is not Outcome.UNCHANGED:
        reasons = [f"{count} because {reason}" for reason, count in report.dropped.items()]
        more = f"; {len(reasons) - _MAX_NAMED} more reasons" if len(reasons) > _MAX_NAMED else ""
        say(f"Left out: {'; '.join(reasons[:_MAX_NAMED])}{more}.")
    if report.informs:
        say(
            "The built-in models are no longer listed by themselves; their facts fill in what sources list. "
            "To list them as before: callsheet sources builtin list"
        )


def exit_code(reports: Iterable[Report]) -> int:
    """Return the exit code of a command that ran sources: 1 if one failed, else 2 if one is quarantined, else 0."""
    outcomes = {report.outcome for report in reports}
    if Outcome.FAILED in outcomes:
        return 1
    return 2 if Outcome.QUARANTINED in outcomes else 0


def _summary(report: Report) -> str:
    counts = report.counts
    parts = [f"{counts[kind]} {words}" for kind, words in _COUNTED.items() if counts.get(kind)]
    listed = f"it lists {counts.get('listed', 0)} models"
    return f"{', '.join(parts)}; {listed}." if parts else f"unchanged; {listed}."


def _when(instant: datetime | None) -> str | None:
    return None if instant is None else f"{second(format_instant(instant))} UTC"


def _ago(instant: datetime | None, now: datetime) -> str:
    if instant is None:
        return "never"
    return f"{_duration((now - instant).total_seconds())} ago"


def _next(source: Source, now: datetime) -> str:
    state = source.state
    if state.paused:
        return "paused"
    if not source.config.every_seconds:
        return "on demand"
    if state.next_run_at is None or state.next_run_at <= now:
        return "due"
    return f"in {_duration((state.next_run_at - now).total_seconds())}"


def _duration(seconds: float) -> str:
    whole = max(0, round(seconds))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole >= 2 * size:
            return f"{whole // size}{unit}"
    return f"{whole}s"
