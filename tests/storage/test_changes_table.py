import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.storage.files import ask, make_database

RECORDS = "SELECT * FROM changes ORDER BY number"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE changes SET actor = 'nobody'",
        "UPDATE changes SET number = number + 1000 WHERE number = 1",
        "DELETE FROM changes",
        "DELETE FROM changes WHERE number = 1",
    ],
)
def test_a_change_record_can_be_neither_edited_nor_deleted(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "callsheet.db"
    make_database(path)
    before = ask(path, RECORDS)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    assert ask(path, RECORDS) == before
    assert before
