"""What people and programs read: tables and JSON on stdout, messages on stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_UNBOUNDED: Final = 10_000  # columns; a pipe has no edge to fold at
_ID_WIDTH: Final = 31  # of a key or workspace; of a model that is not longer than most
_GAP: Final = 2  # between columns


def console() -> Console:
    """Return a console on stdout that folds at the edge of a terminal and nowhere else."""
    return Console(width=None if sys.stdout.isatty() else _UNBOUNDED, highlight=False)


def print_json(value: object) -> None:
    """Print ``value`` as JSON; where a character might be lacking, all but ASCII is escaped."""
    has_every_character = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    typer.echo(json.dumps(value, ensure_ascii=not has_every_character, indent=2))


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], least: Mapping[str, int] | None = None
) -> None:
    """Print rows under their headings.

    On a terminal, the first column and those of ``least`` may fold, to no less than that many characters, and
    columns that still do not fit are left out, the last ones first.
    """
    screen = console()
    cells = [[cell_text(value) for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    narrow = {columns[0]: _ID_WIDTH, **(least or {})}
    fitted = _fit(widths, [max(cell_len(name), narrow.get(name, _UNBOUNDED)) for name in columns], screen.width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for name, width in zip(columns, fitted, strict=False):
        table.add_column(name, overflow="fold", width=width)
    for row in cells:
        table.add_row(*map(Text, row[: len(fitted)]))
    screen.print(table)
    if len(fitted) < len(columns):
        say(f"Too narrow for {', '.join(columns[len(fitted) :])}; a wider terminal or --json shows all.")


def _fit(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """The widths of as many columns as there is room for; what is left over goes to the first that can use it."""
    fitted: list[int] = []
    for wanted in map(min, widths, least):
        if fitted and sum(fitted) + _GAP * len(fitted) + wanted > room:
            break
        fitted.append(wanted)
    spare = room - sum(fitted) - _GAP * (len(fitted) - 1)
    for number, width in enumerate(fitted):
        more = max(0, min(spare, widths[number] - width))
        fitted[number] += more
        spare -= more
    return fitted


def print_record(record: dict[str, Any]) -> None:
    """Print the fields of one thing, a line each; what is not known is left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in record.items():
        if value not in (None, [], {}):
            table.add_row(name, Text(cell_text(value)))
    console().print(table)


def say(message: str) -> None:
    """Print a message for people, apart from the result; where it cannot be written, the command goes on."""
    with suppress(OSError):
        typer.echo(message, err=True)


def day(instant: object) -> str:
    """Return the day of an RFC 3339 time; a dash if there is none."""
    return instant[:10] if isinstance(instant, str) else "-"


def second(instant: object) -> str:
    """Return an RFC 3339 time in UTC to the second, for people; a dash if there is none."""
    return f"{instant[:10]} {instant[11:19]}" if isinstance(instant, str) else "-"


def tokens(count: object) -> str:
    """Return a number of tokens, short: 200k, 1M; a dash if it is not known."""
    if not isinstance(count, int):
        return "-"
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size and count % (size // 10) == 0:
            return f"{count / size:g}{unit}"
    return str(count)


def cell_text(value: object) -> str:
    """Return a value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
