"""Who sees what, for spreadsheets and programs, line by line."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Final

import typer

from callsheet.cli.output.tables import json_text
from callsheet.client.printable import printable
from callsheet.service.explain.matrix import Seers

#: With one of these at its beginning, a spreadsheet takes a cell for a formula.
_FORMULA: Final = ("=", "+", "-", "@")


def put_matrix(rows: Iterable[Seers], model_ids: Sequence[str], *, as_json: bool) -> None:
    """Print the matrix, each row when it is made.

    As CSV, a line for each workspace and a column for each model, with ``listed``, ``retrievable`` or nothing; a
    cell that a spreadsheet would compute begins with an apostrophe. As JSON, an array with an object for each set
    of rules.

    Parameters
    ----------
    rows
        Who sees what.
    model_ids
        All models, in the order of the API.
    """
    for line in _json_lines(rows) if as_json else _csv_lines(rows, model_ids):
        typer.echo(line)


def _json_lines(rows: Iterable[Seers]) -> Iterator[str]:
    before = "["
    for row in rows:
        yield f"{before}{json_text(row.record())}"
        before = ","
    yield "[]" if before == "[" else "]"


def _csv_lines(rows: Iterable[Seers], model_ids: Sequence[str]) -> Iterator[str]:
    yield _line(("workspace_id", "workspace", *model_ids))
    for row in rows:
        sees = {**dict.fromkeys(row.listed, "listed"), **dict.fromkeys(row.retrievable, "retrievable")}
        cells = "".join(f",{sees.get(model_id, '')}" for model_id in model_ids)
        for workspace in row.workspaces:
            yield f"{_line((workspace.id, workspace.name))}{cells}"


def _line(texts: Iterable[str]) -> str:
    line = StringIO()
    csv.writer(line, lineterminator="").writerow(map(_cell, texts))
    return line.getvalue()


def _cell(text: str) -> str:
    shown = printable(text, None)
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
