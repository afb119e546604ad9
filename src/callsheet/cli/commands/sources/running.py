"""``sources sync``: sources run at once, as by cron."""

from collections.abc import Sequence
from typing import Annotated

import typer

from callsheet.cli.commands.sources.opening import open_store, runner_of, sources_of
from callsheet.cli.database import DatabaseURL
from callsheet.cli.output.progress import progress_bar
from callsheet.cli.output.sources import exit_code, say_report
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.output.usage import CommandLine
from callsheet.domain.errors import ConflictError
from callsheet.service.sync.decide import Outcome
from callsheet.service.sync.report import Report
from callsheet.service.sync.sources import Source


def add_to(app: CommandLine) -> None:
    """Add this command."""
    app.command()(sync)


def sync(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Sources; all that are not paused if none.")
    ] = None,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Run sources at once. Exit code 0: well; 2: one is quarantined, and waits for a person; 1: one failed."""
    store = open_store(database)
    sources = sources_of(store)
    wanted = [sources.show(name).name for name in names] if names else _active(sources.list())
    if not wanted:
        say("There is no source to run; add one with callsheet sources add.")
    runner = runner_of(store)
    reports: list[Report] = []
    for name in wanted:
        with progress_bar() as progress:
            try:
                report = runner.run(name, progress)
            except ConflictError as error:  # the others are run nevertheless
                report = Report(source=name, outcome=Outcome.FAILED, sentence=str(error))
        reports.append(report)
        say_report(report)
    if as_json:
        print_json([report.record() for report in reports])
    raise typer.Exit(exit_code(reports))


def _active(sources: Sequence[Source]) -> list[str]:
    return [source.name for source in sources if not source.state.paused]
