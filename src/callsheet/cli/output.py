"""What people and programs read: tables and JSON on stdout, messages on stderr."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_UNBOUNDED = 10_000  # columns; a pipe has no edge to fold at


def console() -> Console:
    """Return a console on stdout that folds at the edge of a terminal and nowhere else."""
    return Console(width=None if sys.stdout.isatty() else _UNBOUNDED, highlight=False)


def print_json(value: object) -> None:
    """Print ``value`` as JSON."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their headings."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0 and not sys.stdout.isatty())
    for row in rows:
        table.add_row(*(Text(_text(value)) for value in row))
    console().print(table)


def print_record(record: dict[str, Any]) -> None:
    """Print the fields of one thing, a line each; what is not known is left out."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in record.items():
        if value not in (None, [], {}):
            table.add_row(name, Text(_text(value)))
    console().print(table)


def say(message: str) -> None:
    """Print a message for people, apart from the result."""
    typer.echo(message, err=True)


def day(instant: object) -> str:
    """Return the day of an RFC 3339 time; a dash if there is none."""
    return instant[:10] if isinstance(instant, str) else "-"


def tokens(count: object) -> str:
    """Return a number of tokens, short: 200k, 1M; a dash if it is not known."""
    if not isinstance(count, int):
        return "-"
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size and count % (size // 10) == 0:
            return f"{count / size:g}{unit}"
    return str(count)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
