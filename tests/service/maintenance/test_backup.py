"""Backups: one file that holds everything of one moment, or is as it was."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from callsheet.domain.errors import ConflictError, CorruptDatabaseError, DoesNotExistError, StorageError
from callsheet.service.maintenance.backup import back_up
from callsheet.service.maintenance.check import check_database
from callsheet.storage.atomic_file import scratch
from callsheet.storage.store import Store
from tests.installation import KINDS, Installation, make_model
from tests.rows import everything
from tests.service.conftest import Empty, Full, silent
from tests.storage.files import fingerprint
from tests.storage.others import execute, url_of

of_each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the backups go."""
    made = tmp_path / "backups"
    made.mkdir()
    return made


def held(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What a backup holds."""
    return everything(Store(f"sqlite:///{file}"))


@of_each_kind
def test_a_backup_is_one_file_of_its_owner_and_a_database_by_itself(
    full_store: Full, folder: Path, kind: str
) -> None:
    store, file = full_store(kind), folder / "backup.db"
    assert back_up(store, file, silent) == 20
    assert list(folder.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o600
    assert held(file) == everything(store)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert check_database(Store(f"sqlite:///{file}")).problems == []


def test_a_backup_is_of_one_moment_while_others_write(full_store: Full, folder: Path) -> None:
    store, file = full_store("sqlite"), folder / "backup.db"
    execute(
        store,
        "INSERT INTO models (id, display_name, created_at, lifecycle, hidden, description) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) "
        "SELECT 'm' || i, 'M', '2026-01-01T00:00:00Z', 'active', 0, printf('%.1000c', 'x') FROM n",
    )
    before = everything(store)
    others = Installation(url_of(store))
    steps = []

    def interfere(_what: str, done: int, total: int) -> None:
        steps.append((done, total))
        others.add(make_model(f"step-{len(steps)}"))

    back_up(store, file, interfere)
    assert len(steps) > 2
    assert held(file) == before
    assert len(everything(store)["models"]) == len(before["models"]) + len(steps)


def test_what_another_process_has_not_yet_put_into_the_file_is_in_the_backup(
    full_store: Full, folder: Path
) -> None:
    store = full_store("sqlite")
    with store.read() as reading:
        assert reading.installation() is not None  # this connection keeps what follows out of the main file
        Installation(url_of(store)).add(make_model("new"))
        assert Path(f"{store.display_name}-wal").stat().st_size
        back_up(store, folder / "backup.db", silent)
    assert "new" in {row[0] for row in held(folder / "backup.db")["models"]}


def test_a_file_is_replaced_only_if_that_is_said(full_store: Full, folder: Path) -> None:
    store, file = full_store("sqlite"), folder / "backup.db"
    file.write_text("precious")
    with pytest.raises(ConflictError, match=r"backup\.db exists already; name another file, or allow"):
        back_up(store, file, silent)
    assert file.read_text() == "precious"
    back_up(store, file, silent, replace=True)
    assert held(file) == everything(store)


def _itself(store: Store, _folder: Path) -> Path:
    return Path(store.display_name)


def _by_another_name(store: Store, folder: Path) -> Path:
    (folder / "name").symlink_to(store.display_name)
    return folder / "name"


def _in_use(_store: Store, folder: Path) -> Path:
    (folder / "used.db-wal").touch()
    return folder / "used.db"


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (_itself, "is the database itself; name another file"),
        (_by_another_name, "is the database itself; name another file"),
        (lambda store, _: Path(f"{store.display_name}-wal"), "is the database itself; name another file"),
        (_in_use, "is a database in use; name another file"),
        (lambda _, folder: folder, "is not a file; name another"),
        (lambda _, folder: folder / "none" / "b.db", "does not exist; create it, or name another file"),
    ],
)
def test_a_place_that_cannot_be_meant_is_refused(
    full_store: Full, folder: Path, place: Callable[[Store, Path], Path], sentence: str
) -> None:
    store = full_store("sqlite")
    file = place(store, folder)
    before = fingerprint(folder), everything(store)
    with pytest.raises(ConflictError, match=rf"^(The folder )?\S+ {sentence}\.$"):
        back_up(store, file, silent, replace=True)
    assert (fingerprint(folder), everything(store)) == before


def test_there_must_be_something_to_back_up(empty_store: Empty, folder: Path) -> None:
    store = empty_store("sqlite")
    with pytest.raises(DoesNotExistError, match=r"^There is no database at \S+ to back up\.$"):
        back_up(store, folder / "backup.db", silent)
    store.prepare()
    with pytest.raises(
        DoesNotExistError, match=r"^The database \S+ has not been set up; let a migration or a server do that\.$"
    ):
        back_up(store, folder / "backup.db", silent)
    assert list(folder.iterdir()) == []


def spoil(file: Path) -> None:
    """Let the last page of a database be lost."""
    with file.open("r+b") as opened:
        opened.seek(-4096, os.SEEK_END)
        opened.write(b"\xff" * 4096)


def test_a_damaged_database_does_not_take_the_place_of_a_good_backup(full_store: Full, folder: Path) -> None:
    store, file = full_store("sqlite"), folder / "backup.db"
    back_up(store, file, silent)
    before = fingerprint(folder)
    spoil(Path(store.display_name))
    with pytest.raises(CorruptDatabaseError, match=r"^The database \S+ is damaged; restore it from a backup\.$"):
        back_up(store, file, silent, replace=True)
    assert fingerprint(folder) == before


def test_what_a_killed_backup_left_is_taken_away_by_the_next(full_store: Full, folder: Path) -> None:
    store, file = full_store("sqlite"), folder / "backup [1].db"
    with scratch(file) as alive:
        left = alive.with_name(alive.name.replace(".part", "x.part"))
        shutil.copy(alive, left)
        left.with_name(f"{left.name}-journal").touch()
        back_up(store, file, silent)
        assert sorted(folder.iterdir()) == sorted([alive, file])
    assert list(folder.iterdir()) == [file]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_told(full_store: Full, folder: Path) -> None:
    folder.chmod(0o500)
    with pytest.raises(StorageError, match=r"cannot be written: Permission denied; name another file\.$"):
        back_up(full_store("sqlite"), folder / "backup.db", silent)


def test_a_name_too_long_is_told(full_store: Full, folder: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot be written: File name too long; name another file\.$"):
        back_up(full_store("sqlite"), folder / ("n" * 250), silent)
