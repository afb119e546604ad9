"""What people and programs read: tables and JSON on stdout, messages on stderr.

All data is printed by these functions, so that no control character reaches a terminal: not in a table, a sentence,
an error or JSON.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from shutil import get_terminal_size
from textwrap import wrap
from typing import Annotated, Any, Final

import typer
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callsheet.client.printable import printable

AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_UNBOUNDED: Final = 10_000  # columns of a pipe, which has no edge to fold at
_ID_WIDTH: Final = 31  # of a key or workspace; of a model that is not longer than most
_GAP: Final = 2  # between columns
_SEPARATORS: Final = "-/:._@,"
_RARE: Final = re.compile(r"[^\n -~]")  # what may not be printable; the rest of JSON is
_BLANKS: Final = re.compile(r"[\t\n\r ]+")


def console() -> Console:
    """Return a console on stdout that folds at the edge of a terminal and nowhere else."""
    return Console(width=None if sys.stdout.isatty() else _UNBOUNDED, highlight=False)


def print_json(value: object) -> None:
    """Print ``value`` as JSON; see `json_text`."""
    typer.echo(json_text(value, indent=2))


def json_text(value: object, indent: int | None = None) -> str:
    """Return a value as JSON, with control characters, and those that the output cannot encode, escaped."""
    has_every_character = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    text = json.dumps(value, ensure_ascii=not has_every_character, indent=indent)
    return _RARE.sub(_escape, text) if has_every_character else text


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], least: Mapping[str, int] | None = None
) -> None:
    """Print rows under their headings.

    On a terminal, the first column and those of ``least`` are folded, to at least that many characters and between
    words if possible; columns that still do not fit are left out, the last ones first.
    """
    screen = console()
    cells = [[_in_one_line(cell_text(value)) for value in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *cells, strict=True)]
    words = [max(map(_longest_word, column)) for column in zip(columns, *cells, strict=True)]
    narrow = {columns[0]: _ID_WIDTH, **(least or {})}
    fitted = _fit(
        widths, words, [max(cell_len(name), narrow.get(name, _UNBOUNDED)) for name in columns], screen.width
    )
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for name, width in zip(columns, fitted, strict=False):
        table.add_column(name, overflow="fold", width=width)
    for row in cells:
        table.add_row(*(Text(_broken(text, width)) for text, width in zip(row, fitted, strict=False)))
    _print(screen, table)
    if len(fitted) < len(columns):
        say(f"Too narrow for {', '.join(columns[len(fitted) :])}; a wider terminal or --json shows all.")


def _fit(widths: Sequence[int], words: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Return the widths of as many columns as fit.

    The rest of the room goes first to columns whose words would be cut, if it is enough for the word, then to those
    that are folded, from the left.
    """
    fitted: list[int] = []
    for wanted in map(min, widths, least):
        if fitted and sum(fitted) + _GAP * len(fitted) + wanted > room:
            break
        fitted.append(wanted)
    spare = room - sum(fitted) - _GAP * (len(fitted) - 1)
    by_need = sorted(range(len(fitted)), key=lambda number: words[number] - fitted[number])
    for goal, order in ((words, by_need), (widths, range(len(fitted)))):
        for number in order:
            wanted = max(0, goal[number] - fitted[number])
            more = wanted if wanted <= spare else 0 if goal is words else spare
            fitted[number] += more
            spare -= more
    return fitted


def _broken(text: str, width: int) -> str:
    """Return a text in which no word is wider than ``width``; words are broken after separators if possible."""
    if _longest_word(text) <= width:
        return text
    return " ".join("\n".join(_parts(word, width)) for word in text.split(" "))


def _parts(word: str, width: int) -> Iterator[str]:
    while cell_len(word) > width:
        end = next(number for number in range(len(word), 0, -1) if number == 1 or cell_len(word[:number]) <= width)
        joint = max(word.rfind(separator, 0, end) for separator in _SEPARATORS) + 1
        cut = joint if joint > end // 2 else end
        yield word[:cut]
        word = word[cut:]
    yield word


def print_record(record: dict[str, Any]) -> None:
    """Print the fields of a record, a line each, without the empty ones."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in record.items():
        if value not in (None, [], {}):
            lines = cell_text(value).replace("\t", " ").split("\n")
            table.add_row(name, Text("\n".join(printable(line, None) for line in lines)))
    _print(console(), table)


def _print(screen: Console, table: Table) -> None:
    """Print a table; into a file or pipe without blanks at the ends of lines."""
    if sys.stdout.isatty():
        screen.print(table)
        return
    with screen.capture() as captured:
        screen.print(table)
    typer.echo("\n".join(line.rstrip(" ") for line in captured.get().split("\n")), nl=False)


def put(line: str) -> None:
    """Print a line of a result."""
    typer.echo(printable(line, None))


def put_wrapped(line: str) -> None:
    """Print a line of a result; in a terminal, it is broken between words, unless it is indented to be copied."""
    if sys.stdout is None or not sys.stdout.isatty() or line.startswith(" "):
        put(line)
        return
    width = get_terminal_size().columns
    for part in wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""]:
        put(part)


def say(message: str) -> None:
    """Print a message on stderr; if that fails, the command goes on."""
    with suppress(OSError):
        typer.echo(printable(message, None), err=True)


def _in_one_line(text: str) -> str:
    return printable(_BLANKS.sub(" ", text), None)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _escape(found: re.Match[str]) -> str:
    return found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1]


def day(instant: object) -> str:
    """Return the day of an RFC 3339 time; a dash if there is none."""
    return instant[:10] if isinstance(instant, str) else "-"


def second(instant: object) -> str:
    """Return an RFC 3339 time in UTC to the second, for people; a dash if there is none."""
    return f"{instant[:10]} {instant[11:19]}" if isinstance(instant, str) else "-"


def tokens(count: object) -> str:
    """Return a number of tokens in three digits, for overviews: 200k, 262k, 1.05M; a dash if it is not known."""
    if not isinstance(count, int):
        return "-"
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if count >= size or float(f"{count / size:.3g}") >= 1:  # 999,999 is 1M
            return f"{_three_digits(count / size)}{unit}"
    return str(count)


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def cell_text(value: object) -> str:
    """Return a value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(cell_text(each) if isinstance(each, dict) else str(each) for each in value) or "-"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
