"""What is over in a moment is told apart from what stays: only the first is worth another try."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import make_url

from callsheet.domain.errors import StorageUnavailableError
from callsheet.storage.sqlite.database import SQLite


@pytest.mark.parametrize("told", ["database is locked", "database table is locked", "locking protocol"])
def test_a_file_that_others_hold_may_be_tried_again(told: str, tmp_path: Path) -> None:
    meant = SQLite(make_url(f"sqlite:///{tmp_path}/callsheet.db")).explain(sqlite3.OperationalError(told))
    assert isinstance(meant, StorageUnavailableError)
    assert "held by another process; try again in a moment" in str(meant)


def test_a_file_that_is_damaged_may_not(tmp_path: Path) -> None:
    damage = sqlite3.DatabaseError("database disk image is malformed")
    meant = SQLite(make_url(f"sqlite:///{tmp_path}/callsheet.db")).explain(damage)
    assert not isinstance(meant, StorageUnavailableError)
