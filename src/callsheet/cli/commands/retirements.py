"""``callsheet retirements``: which models retire, when, and for whom."""

from datetime import timedelta
from typing import Annotated

import typer

from callsheet.cli.commands.explain import explaining
from callsheet.cli.database import DatabaseURL
from callsheet.cli.input.completion import complete_key, complete_workspace
from callsheet.cli.input.days import parse_days
from callsheet.cli.output.retirements import print_retirements
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.viewing import Viewing
from callsheet.domain.errors import InvalidError
from callsheet.service.explain.words import why
from callsheet.service.retirements.find import Wanted

#: What the command ends with if there is a retirement, as `drift` does if there is a difference.
FOUND = 2


def retirements(
    within: Annotated[
        str | None,
        typer.Option(metavar="DAYS", help="Only those of the next days, such as 90d, and what is overdue."),
    ] = None,
    workspace: Annotated[
        str | None,
        typer.Option(
            metavar="WORKSPACE",
            help="Id or name of a workspace: only what it sees.",
            autocompletion=complete_workspace,
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Id or name of a key: only what it sees.", autocompletion=complete_key),
    ] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help="Only models whose date has passed and that are not retired.")
    ] = False,
    retired: Annotated[bool, typer.Option("--retired", help="Also models that are retired.")] = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Show which models retire, what replaces them, and who sees them.

    Exit code 0: none; 2: there are some.
    """
    if overdue and retired:
        raise InvalidError("--overdue and --retired exclude each other; say one.")
    period = None if within is None else timedelta(days=parse_days(within, "--within"))
    wanted: Wanted = "overdue" if overdue else "all" if retired else "pending"
    with explaining(Viewing(database)) as explainer:
        subject, refusal, found = explainer.retirements(wanted, period, key or None, workspace or None)
        if subject is not None and refusal is not None:
            say(f"It sees nothing: {why(subject, refusal, explainer.workspace_name)}.")
    if as_json:
        print_json([each.record() for each in found])
    else:
        print_retirements(found)
    raise typer.Exit(FOUND if found else 0)
