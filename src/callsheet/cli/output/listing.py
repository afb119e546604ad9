"""Lists of any length on stdout: a thousand rows as `cli.output` prints them, and longer ones as they are read."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

import typer
from rich.cells import cell_len

from callsheet.cli.output.tables import json_text, print_table

#: Rows that are measured, folded and printed at once.
AT_ONCE: Final = 1000

_GAP: Final = "  "


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]], least: Mapping[str, int]) -> None:
    """Print rows of printable text under their headings; see `print_table`.

    Of more than a thousand rows, each is a line, however wide the terminal is, and a column grows when it must.
    """
    coming = iter(rows)
    first = list(islice(coming, AT_ONCE + 1))
    if len(first) <= AT_ONCE:
        print_table(headings, first, least)
        return
    widths = [0] * len(headings)
    batch: list[Sequence[str]] = [headings, *first]
    is_first = True
    while batch:
        columns = zip(*batch, strict=True)
        widths = [max(width, *map(_cells, column)) for width, column in zip(widths, columns, strict=True)]
        lines = [_GAP.join(map(_padded, row, widths)).rstrip() for row in batch]
        if is_first:
            lines.insert(1, _rule(sum(widths) + len(_GAP) * (len(widths) - 1)))
            is_first = False
        typer.echo("\n".join(lines))
        batch = list(islice(coming, AT_ONCE))


def print_list(name: str, rows: Iterable[Any], others: Mapping[str, Any]) -> None:
    """Print a JSON object of the list ``name`` and of other members, with nothing in it that a terminal obeys.

    Of more than a thousand rows, each is on a line of its own.
    """
    coming = iter(rows)
    first = list(islice(coming, AT_ONCE + 1))
    if len(first) <= AT_ONCE:
        typer.echo(json_text({name: first, **others}, indent=2))
        return
    typer.echo(f"{{\n  {json_text(name)}: [")
    for batch in _batches(chain(first, coming)):
        typer.echo(batch)
    members = "".join(f",\n  {json_text(member)}: {json_text(value)}" for member, value in others.items())
    typer.echo(f"  ]{members}\n}}")


def _batches(rows: Iterator[Any]) -> Iterator[str]:
    """The texts of the rows, a thousand at once; a comma is behind each but the last."""
    batch = list(islice(rows, AT_ONCE))
    while batch:
        following = list(islice(rows, AT_ONCE))
        text = ",\n".join(f"    {json_text(row)}" for row in batch)
        yield f"{text}," if following else text
        batch = following


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))


def _cells(text: str) -> int:
    return len(text) if text.isascii() else cell_len(text)


def _rule(width: int) -> str:
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return ("\N{BOX DRAWINGS LIGHT HORIZONTAL}" if is_unicode else "-") * width
