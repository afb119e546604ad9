"""The command tree, and what becomes of errors."""

from typing import Annotated

import typer

from callsheet._version import __version__
from callsheet.cli import catalog, keys, workspaces
from callsheet.cli.database import migrate
from callsheet.cli.serve import serve
from callsheet.cli.settings import settings
from callsheet.domain.errors import CallsheetError

app = typer.Typer(
    name="callsheet",
    help="A self-hosted Models API: tells every Claude and OpenAI client which models it may use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # in its boxes, long flags are cut off at 80 columns
)
app.command()(serve)
app.add_typer(catalog.app, name="catalog")
app.add_typer(workspaces.app, name="workspaces")
app.add_typer(keys.app, name="keys")
app.command()(settings)
app.command()(migrate)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"callsheet {__version__}")
        raise typer.Exit


@app.callback()
def callsheet(
    version: Annotated[  # the callback does its work
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """A self-hosted Models API: tells every Claude and OpenAI client which models it may use."""


def run(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 refused, 2 wrongly called."""
    try:
        app(arguments, prog_name="callsheet")
    except CallsheetError as error:
        typer.echo(f"callsheet: {error}", err=True)
        return 1
    except SystemExit as end:  # how Typer ends, well or not
        return end.code if isinstance(end.code, int) else 0
    return 0
