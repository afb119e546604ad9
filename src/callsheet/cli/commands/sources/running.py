"""``sources sync``: sources run at once, as by cron."""

from typing import Annotated

import typer

from callsheet.cli.commands.sources.door import active, open_door
from callsheet.cli.database import DatabaseURL
from callsheet.cli.output.progress import progress_bar
from callsheet.cli.output.sources import exit_code, say_report
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.output.usage import CommandLine
from callsheet.domain.errors import ConflictError
from callsheet.service.sync.decide import Outcome
from callsheet.service.sync.report import Report


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
    door = open_door(database)
    sources = door.service
    wanted = [sources.show(name).name for name in names] if names else active(sources.list())
    if not wanted:
        say("There is no source to run; add one with callsheet sources add.")
    reports: list[Report] = []
    for name in wanted:
        with progress_bar() as progress:
            try:
                report = door.run(name, progress)
            except ConflictError as error:  # the others are run nevertheless
                report = Report(source=name, outcome=Outcome.FAILED, sentence=str(error))
        reports.append(report)
        say_report(report)
    if as_json:
        print_json([report.record() for report in reports])
    raise typer.Exit(exit_code(reports))
