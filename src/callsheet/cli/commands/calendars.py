"""``callsheet calendars``: who may subscribe to the dates of models."""

import os
import sys
from errno import EBADF
from typing import Annotated

import typer

from callsheet.cli.changing import Changing, DryRun
from callsheet.cli.database import DatabaseURL, open_access, open_calendars
from callsheet.cli.input.completion import complete_workspace
from callsheet.cli.output.tables import AsJSON, day, print_json, print_table, say
from callsheet.cli.output.usage import CommandLine

app = CommandLine(
    help="Create and revoke addresses that calendar programs subscribe to, for the dates on which models retire.",
    no_args_is_help=True,
)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name for people.")],
    workspace: Annotated[
        str | None,
        typer.Option(
            metavar="WORKSPACE",
            help="Id or name of a workspace, whose models it holds; without, all models of the organization.",
            autocompletion=complete_workspace,
        ),
    ] = None,
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Create a calendar. Its path, which holds the token, is printed once; it is below the base URL of a server."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    new = changing.calendar(lambda calendars: calendars.create(name, workspace))
    is_shown = False
    try:
        if sys.stdout is None:  # it was closed, so that writing does nothing
            raise OSError(EBADF, os.strerror(EBADF))
        if as_json:
            print_json({**new.calendar.record(), "token": new.token, "path": new.path})
        else:
            typer.echo(new.path)
        is_shown = True
    finally:
        if not is_shown:
            changing.calendars.revoke(new.calendar.id)
    say(f"Created the calendar {name}: {new.calendar.id}. The path is shown this once.")


@app.command("list")
def list_calendars(database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """List all calendars, oldest first, revoked ones too. Times are UTC."""
    calendars = open_calendars(database).list()
    if as_json:
        print_json([each.record() for each in calendars])
        return
    names = {each.id: each.name for each in open_access(database).list_workspaces()}
    print_table(
        ("ID", "Name", "Of", "Token", "Revoked", "Created"),
        (
            (
                each.id,
                each.name,
                "organization" if each.workspace_id is None else names.get(each.workspace_id, each.workspace_id),
                each.record()["partial_token_hint"],
                day(each.record()["revoked_at"]),
                day(each.record()["created_at"]),
            )
            for each in calendars
        ),
        {"ID": 33, "Name": 8, "Of": 8},
    )


@app.command()
def revoke(
    calendar: Annotated[str, typer.Argument(metavar="NAME|ID", help="Name or id of a calendar.")],
    dry_run: DryRun = False,
    database: DatabaseURL = None,
    as_json: AsJSON = False,
) -> None:
    """Stop a calendar from working for ever."""
    changing = Changing(database, dry_run=dry_run, as_json=as_json)
    revoked = changing.calendar(lambda calendars: calendars.revoke(calendar))
    if as_json:
        print_json(revoked.record())
    say(f"Revoked the calendar {revoked.name}: {revoked.id}.")
