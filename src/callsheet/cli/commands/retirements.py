"""``callsheet retirements``: which models retire, when, and for whom."""

from datetime import timedelta
from typing import Annotated

import typer

from callsheet.api.explain import admission
from callsheet.cli.commands.explain import explaining_here
from callsheet.cli.database import DatabaseURL, clock
from callsheet.cli.input.completion import complete_key, complete_workspace
from callsheet.cli.input.days import parse_days
from callsheet.cli.output.explanation import why
from callsheet.cli.output.retirements import print_retirements
from callsheet.cli.output.tables import AsJSON, print_json, say
from callsheet.cli.viewing import Viewing
from callsheet.domain.errors import InvalidError
from callsheet.domain.retirement.stage import Stage
from callsheet.service.explain.explainer import Explainer
from callsheet.service.retirements.find import PENDING, find_retirements

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
    stages = {Stage.OVERDUE} if overdue else {*PENDING, Stage.RETIRED} if retired else PENDING
    period = None if within is None else timedelta(days=parse_days(within, "--within"))
    with explaining_here(Viewing(database)) as explainer:
        sees = _workspace_of(explainer, key, workspace) if key or workspace else None
        if sees == "":
            found = []
        else:
            found = find_retirements(explainer.state, clock(), within=period, stages=stages, workspace_id=sees)
    if as_json:
        print_json([each.record() for each in found])
    else:
        print_retirements(found)
    raise typer.Exit(FOUND if found else 0)


def _workspace_of(explainer: Explainer, key: str | None, workspace: str | None) -> str:
    """The id of the workspace by whose rules a key or a workspace sees; empty, with a message, if it is refused."""
    subject = explainer.subject(key, workspace)
    admitted = admission(explainer.state, subject.asker(explainer.state), clock().timestamp())
    refused = next((step for step in admitted.steps if not step.passes), None)
    if refused is not None or admitted.workspace is None:
        because = "" if refused is None else f": {why(subject, refused, explainer.workspace_name)}"
        say(f"It sees nothing{because}.")
        return ""
    return admitted.workspace.id
