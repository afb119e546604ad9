"""What is in a database, as another program reads it, before and after."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier
from psycopg.types.string import TextLoader

from callsheet.domain.errors import CallsheetError
from tests.installation import Installation

Row = dict[str, Any]


def content(installation: Installation) -> dict[str, list[Row]]:
    """Every row of every table, with JSON as the text it is."""
    if installation.url.startswith("postgresql:"):
        return _content_on_postgresql(installation.url)
    with closing(sqlite3.connect(installation.store.display_name)) as connection:
        connection.row_factory = sqlite3.Row
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name} ORDER BY 1")] for name in names
        }


def _content_on_postgresql(url: str) -> dict[str, list[Row]]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        connection.adapters.register_loader("json", TextLoader)
        tables = connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname !~ '^(pg|sql)_'")
        return {
            name: connection.execute(SQL("SELECT * FROM {} ORDER BY 1").format(Identifier(name))).fetchall()
            for name in [row["relname"] for row in tables]
        }


@contextmanager
def refused(installation: Installation, kind: type[CallsheetError], sentence: str) -> Iterator[None]:
    """What happens inside is refused with exactly this sentence, and changes nothing at all."""
    before = content(installation)
    with pytest.raises(kind) as refusal:
        yield
    assert type(refusal.value) is kind
    assert str(refusal.value) == sentence
    assert content(installation) == before


@contextmanager
def unchanged(installation: Installation) -> Iterator[None]:
    """What happens inside changes nothing: no row, no record, no revision."""
    before = content(installation)
    yield
    assert content(installation) == before


@contextmanager
def recorded(installation: Installation, *expected: tuple[str, str, str]) -> Iterator[list[Row]]:
    """What happens inside makes one revision with these records: action, kind and subject.

    Yields a list that holds the records, oldest first, once the block is left.
    """
    before = content(installation)
    records: list[Row] = []
    yield records
    after = content(installation)
    revision = before["installation"][0]["revision"] + 1
    assert after["installation"][0]["revision"] == revision
    records += after["changes"][len(before["changes"]) :]
    assert after["changes"][: len(before["changes"])] == before["changes"]
    assert [(row["action"], row["kind"], row["subject"]) for row in records] == list(expected)
    assert {row["revision"] for row in records} == {revision}
    assert {row["actor"] for row in records} == {"test"}
