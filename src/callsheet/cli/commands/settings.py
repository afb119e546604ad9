"""``callsheet settings``: every setting, its value, and where that came from."""

from typing import Annotated

import typer

from callsheet.cli.database import DatabaseURL
from callsheet.cli.output.tables import AsJSON, print_json, print_table, say
from callsheet.settings import load

Config = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="File with settings; default: CALLSHEET_CONFIG, then callsheet.toml here."),
]


def settings(config: Config = None, database: DatabaseURL = None, as_json: AsJSON = False) -> None:
    """Print every setting as a command started here and now uses it: its value, and where that came from."""
    listing = load({"database": database}, config).listing
    if as_json:
        print_json(
            {
                each.name: {"value": each.shown(), "origin": each.origin, "description": each.description}
                for each in listing
            }
        )
        return
    print_table(
        ("Setting", "Value", "Comes from", "What it is"),
        ((each.name, each.shown(), each.origin, each.description) for each in listing),
        {"Value": 24, "Comes from": 22, "What it is": 24},
    )
    say("A running server keeps the settings it was started with.")
