"""The command tree, and how errors are reported."""

import sys
from contextlib import suppress
from errno import EBADF
from functools import cache
from io import TextIOWrapper
from typing import Annotated, Any

import typer
from typer.main import get_command

from callsheet._version import __version__
from callsheet.cli.commands_by_name import CommandsByName
from callsheet.cli.hints import sentence_of
from callsheet.cli.output.streams import discard, flush_streams
from callsheet.cli.output.tables import say
from callsheet.cli.output.usage import CommandLine, WrongCall, show_wrong_call
from callsheet.domain.errors import CallsheetError, ManifestError

app = CommandLine(
    name="callsheet",
    help="A self-hosted Models API: serves each Claude or OpenAI client the list of models it may use.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # in its boxes, long flags are cut off at 80 columns
)


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
    """A self-hosted Models API: serves each Claude or OpenAI client the list of models it may use."""


@cache
def command_tree() -> Any:
    """Return the command line as Typer runs it: options, and all commands by name, each made when it is needed."""
    tree: Any = get_command(app)
    tree.commands = CommandsByName()
    return tree


def _is_broken(argument: str) -> bool:
    """Return whether an argument holds bytes that are not valid UTF-8; Python decodes them to surrogates."""
    try:
        argument.encode()
    except UnicodeEncodeError:
        return True
    return False


def _refuse(sentence: str, code: int) -> int:
    with suppress(OSError):
        say(f"callsheet: {sentence}")
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # it may have been closed
            discard(stream)
    return code


def run(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 refused, 2 wrong usage."""
    if any(_is_broken(argument) for argument in arguments or sys.argv[1:]):
        return _refuse("An argument is not valid UTF-8.", 2)
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(
                    errors="replace"
                )  # a character that the terminal lacks must not stop the program
        code = _end(arguments)
        flush_streams()
    except ManifestError as error:
        return _refuse(_all_faults(error), 1)
    except CallsheetError as error:
        return _refuse(sentence_of(error), 1)
    except OSError as error:  # of the output: all others are raised as CallsheetError
        reason = "standard output is closed" if error.errno == EBADF else error.strerror
        code = getattr(error.__context__, "exit_code", 1)  # of a wrong call whose usage could not be written
        return _refuse(f"Cannot write: {reason}.", code)
    return code


def _all_faults(error: ManifestError) -> str:
    """Print every fault but the last in a line of its file; return the last sentence."""
    with suppress(OSError):
        for fault in error.faults:
            say(str(fault))
    count = len(error.faults)
    return f"{count} fault{'s' * (count != 1)} in catalogue files; nothing was changed."


def _end(arguments: list[str] | None) -> int:
    """Run one command; return the exit code that it ends with."""
    try:
        code = command_tree()(arguments, prog_name="callsheet", standalone_mode=False)
    except WrongCall as error:
        return show_wrong_call(error)
    except typer.Abort:
        raise CallsheetError("Stopped; nothing was changed.") from None
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return code if isinstance(code, int) else 0
