"""The whole report."""

from collections.abc import Iterator
from typing import Final

from callsheet.cli.output.diagnosis.clients import client_lines
from callsheet.cli.output.diagnosis.contract import broken_checks, contract_lines
from callsheet.cli.output.diagnosis.findings import merge_findings
from callsheet.cli.output.diagnosis.words import count_levels, mark
from callsheet.doctor.report import Level, Report

_FORMATS: Final = {"anthropic": "Anthropic's format", "openai": "OpenAI's format"}


def write_diagnosis(report: Report, *, verbose: bool = False) -> str:
    """Return the report as Markdown.

    Parameters
    ----------
    verbose
        Also list the rules that are kept or cannot be tested, and all that is not verified about the clients.
    """
    lines = (
        *_head(report),
        *client_lines(report.clients, verbose=verbose),
        *contract_lines(report, verbose=verbose),
        "",
    )
    return "\n".join(lines)


def listed(report: Report) -> str:
    """Return how many models a server lists, and in which formats."""
    formats = " and ".join(_FORMATS[each] for each in report.speaks) or "neither Anthropic's nor OpenAI's format"
    models = "1 model" if len(report.models) == 1 else f"{len(report.models)} models"
    return f"{models if report.is_whole else f'More than {models}'} in {formats}"


def _head(report: Report) -> Iterator[str]:
    yield f"# callsheet doctor {report.url}"
    yield ""
    yield f"{listed(report)}; {report.requests} requests in {report.seconds:.1f} s."
    yield f"Callsheet {report.callsheet}, {report.at}."
    yield ""
    yield found(report)
    if report.unfinished:
        yield ""
        yield f"{mark(Level.WARNING)} Not everything could be tested: {report.unfinished}."


def found(report: Report) -> str:
    """Return what was found, in a sentence."""
    levels = [each.finding.level for each in merge_findings(report.clients)]
    if report.focused:
        return f"Found for {', '.join(client.title for client in report.clients)}: {count_levels(levels)}."
    levels += [check.level for _, check in broken_checks(report)]
    tested = "what could be tested" if report.unfinished else "the contract"
    return f"Found: {count_levels(levels)}; {report.score} % of {tested} is kept."
