"""Lists of any length on stdout; those of more than a thousand rows are printed while they are read."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

import typer
from rich.cells import cell_len

from callsheet.cli.output.tables import json_text, print_table

ROW_BATCH_SIZE: Final = 1000

_GAP: Final = "  "


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]], least: Mapping[str, int]) -> None:
    """Print rows of printable text under their headings; see `print_table`.

    If there are more than a thousand rows, each is one line, whatever the width of the terminal, and columns may
    grow.
    """
    coming = iter(rows)
    first = list(islice(coming, ROW_BATCH_SIZE + 1))
    if len(first) <= ROW_BATCH_SIZE:
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
        batch = list(islice(coming, ROW_BATCH_SIZE))


def print_list(name: str, rows: Iterable[Any], others: Mapping[str, Any]) -> None:
    """Print a JSON object with the list ``name`` and other members, with control characters escaped.

    If there are more than a thousand rows, each is one line.
    """
    coming = iter(rows)
    first = list(islice(coming, ROW_BATCH_SIZE + 1))
    if len(first) <= ROW_BATCH_SIZE:
        typer.echo(json_text({name: first, **others}, indent=2))
        return
    typer.echo(f"{{\n  {json_text(name)}: [")
    for batch in _batches(chain(first, coming)):
        typer.echo(batch)
    members = "".join(f",\n  {json_text(member)}: {json_text(value)}" for member, value in others.items())
    typer.echo(f"  ]{members}\n}}")


def _batches(rows: Iterator[Any]) -> Iterator[str]:
    """Yield the texts of the rows in batches, with a comma after each but the last."""
    batch = list(islice(rows, ROW_BATCH_SIZE))
    while batch:
        following = list(islice(rows, ROW_BATCH_SIZE))
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
