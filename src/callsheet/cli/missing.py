"""Commands whose packages are not installed: they are hidden, and say what to install."""

from collections.abc import Iterable

import typer

from callsheet.domain.errors import CallsheetError


def add_missing(app: typer.Typer, names: Iterable[str], reason: ModuleNotFoundError) -> None:
    """Add a hidden command for each of ``names`` that says what to install."""

    def refuse() -> None:
        raise CallsheetError(f"{reason.name} is missing; run: pip install 'callsheet[server]'")

    anything = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    for name in names:
        app.command(name, hidden=True, context_settings=anything)(refuse)
