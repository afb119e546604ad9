"""How commands are shown to people: their usage, and the sentence for a wrong call."""

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from callsheet.cli.remote_option import take_remote, with_remote
from callsheet.client.printable import printable

#: What Typer raises for a wrong call; it has no public name.
WrongCall: Final[Any] = typer.BadParameter.__bases__[0]

_MIN_SIMILARITY: Final = 0.7  # of 1
_UNKNOWN: Final = re.compile(r"No such command (['\"])(?P<name>.*?)\1\.")
_PLACEHOLDER: Final = re.compile(r"[{\[](?P<name>[^\]}]+)[}\]](?P<more>\.\.\.)?")
_EXTRA: Final = re.compile(r"Got unexpected extra argument\S* \((?P<first>\S*?)\)?(?:\s|$)")
_TYPE: Final = re.compile(r" <(?P<type>str|int|float)( range)?>$")


class Command(TyperCommand):
    """A command whose usage names its arguments as the reference does: ID, not {ID} or <str>.

    One that works on a database takes a server in its place.
    """

    def __init__(self, *arguments: Any, params: Any = None, callback: Any = None, **options: Any) -> None:
        params = with_remote(params or (), callback)
        super().__init__(*arguments, params=params, callback=callback, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        server = take_remote(ctx)
        if server is None:
            return super().invoke(ctx)
        with server.read():
            return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the parts of the line of usage."""
        arguments = {each.name: each for each in self.params if each.param_type_name == "argument"}
        pieces = []
        for piece in super().collect_usage_pieces(ctx):
            found = _PLACEHOLDER.fullmatch(piece)
            pieces.append(
                piece if found is None or piece == "[OPTIONS]" else _named(piece, found, arguments.values())
            )
        return pieces

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options."""
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            records = [
                (_described(record[0], kind), record[1])
                for each in self.get_params(ctx)
                if each.param_type_name == kind and (record := each.get_help_record(ctx)) is not None
            ]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)


class Group(TyperGroup):
    """A group whose help has the first sentence of each command, uncut."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # as Typer calls it
        """Return the names of all commands, without importing any."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  # as Typer calls it
        """Write the first sentence of each command."""
        shown = [(name, command) for name, command in self.commands.items() if not command.hidden]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(1000)) for name, command in shown])


class CommandLine(typer.Typer):
    """A Typer app whose commands and groups are `Command` and `Group`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"cls": Group, **options})

    def command(self, name: str | None = None, **options: Any) -> Callable[..., Any]:
        """Add a command."""
        return super().command(name, **{"cls": Command, **options})


def show_wrong_call(error: Any) -> int:
    """Print the usage and what is wrong, in our words; return the exit code."""
    error.message = "\n".join(printable(line, None) for line in _worded(error).split("\n"))
    error.show()
    return int(error.exit_code)


def _worded(error: Any) -> str:
    message = str(error.message)
    extra = _EXTRA.match(message)
    if extra is not None:
        return f"Too many arguments, from {extra['first']!r} on; put a value that holds spaces in quotes."
    unknown = _UNKNOWN.match(message)
    if unknown is not None:
        return _guessed(unknown["name"], getattr(error.ctx.command, "commands", ()))
    details = getattr(error.__cause__, "errors", None)
    return message if details is None else _expected(message, details()[0])


def _guessed(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1, _MIN_SIMILARITY)
    return f"No such command {name!r}." + (f" Did you mean {near[0]!r}?" if near else "")


def _expected(message: str, detail: Any) -> str:
    """Return what the value must be, from a problem as Pydantic reports it."""
    kind = str(detail["type"])
    if kind.startswith("int_"):
        wanted = "must be a whole number"
    elif kind.startswith("float_"):
        wanted = "must be a number"
    elif message.startswith("Input should be"):
        wanted = message.replace("Input should be", "must be")
    else:
        return message.removeprefix("Value error, ")
    return f"{wanted}, not {detail['input']!r}."


def _named(piece: str, found: re.Match[str], arguments: Iterable[Any]) -> str:
    names = {_shown(each, found["name"]) for each in arguments if each.metavar == found["name"]}
    name = names.pop() if names else found["name"].upper()
    more = found["more"] or ""
    return f"[{name}]{more}" if piece.startswith("[") else f"{name}{more}"


def _shown(argument: Any, name: str) -> str:
    return str(argument.metavar or name.upper())


def _described(name: str, kind: str) -> str:
    if kind == "argument":
        name = _TYPE.sub("", name)
        return name if name != name.lower() else name.upper()
    return _TYPE.sub(lambda found: " TEXT" if found["type"] == "str" else " N", name)
