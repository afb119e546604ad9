"""Commands whose packages are not installed: they are hidden, and say what to install."""

from typing import Any

from typer.main import get_group

from callsheet.cli.output.usage import CommandLine
from callsheet.domain.errors import CallsheetError


def missing_command(name: str, reason: ModuleNotFoundError) -> Any:
    """Return a hidden command that takes any arguments and says what to install."""

    def refuse() -> None:
        raise CallsheetError(f"{reason.name} is missing; run: pip install 'callsheet[server]'")

    anything = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    whole = CommandLine(rich_markup_mode=None)
    whole.command(name, hidden=True, context_settings=anything)(refuse)
    return get_group(whole).commands[name]
