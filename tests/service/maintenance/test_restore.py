"""Restoring: the database holds what the backup held, those who serve from it notice, and nothing is lost."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from callsheet.api.state import Options
from callsheet.domain.errors import (
    CallsheetError,
    ConflictError,
    DoesNotExistError,
    ForeignDatabaseError,
    StorageError,
)
from callsheet.service.maintenance.backup import back_up
from callsheet.service.maintenance.check import check_database
from callsheet.service.maintenance.restore import Restored, restore
from callsheet.service.state.live import LiveState
from callsheet.storage.store import Store
from tests.installation import KINDS, Installation, make_model
from tests.program import wait_for
from tests.rows import everything
from tests.service.conftest import Empty, Full, silent
from tests.service.maintenance.test_backup import spoil
from tests.service.state.test_catch_up import seen
from tests.storage.files import fingerprint
from tests.storage.others import execute, url_of
from tests.tiers import first

NOW = datetime(2026, 11, 21, 12, 30, 5, tzinfo=UTC)

to_each_kind = pytest.mark.parametrize("kind", KINDS)

#: The same; PostgreSQL is left to ``--all``.
again_to_postgresql = pytest.mark.parametrize("kind", first(KINDS))


@pytest.fixture
def backup(full_store: Full, tmp_path: Path) -> Path:
    """A backup at revision 20, in a folder of its own."""
    file = tmp_path / "backups" / "backup.db"
    file.parent.mkdir()
    back_up(full_store("sqlite"), file, silent)
    return file


def put_back(file: Path, store: Store, *, replace: bool = True, now: datetime = NOW) -> Restored:
    """Restore as the command line does."""
    return restore(file, store, "cli:ada", lambda: now, silent, replace=replace)


def without_record(content: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Content but for the record of the last change and the revision that came with it."""
    installation = [(*row[:3], None) for row in content["installation"]]
    return {**content, "installation": installation, "changes": content["changes"][:-1]}


def held(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What a backup holds, so that it can be compared."""
    content = everything(Store(f"sqlite:///{file}"))
    return {**content, "installation": [(*row[:3], None) for row in content["installation"]]}


@to_each_kind
def test_an_empty_database_is_given_all_that_the_backup_holds(backup: Path, empty_store: Empty, kind: str) -> None:
    store = empty_store(kind)
    before = fingerprint(backup.parent)
    restored = put_back(backup, store, replace=False)
    assert restored == Restored(revision=21, backup_revision=20, kept=None, revived=[], lost=[], is_another=False)
    assert without_record(everything(store)) == held(backup)
    assert fingerprint(backup.parent) == before
    assert check_database(store).problems == []


@to_each_kind
def test_a_restore_is_recorded_above_all_revisions(backup: Path, full_store: Full, kind: str) -> None:
    store = full_store(kind)
    Installation(url_of(store)).add(make_model("a"), make_model("b"))
    later = datetime(2099, 11, 21, 12, 30, 5, tzinfo=UTC)
    assert put_back(backup, store, now=later).revision == 23
    with store.read() as reading:
        record = reading.changes()[0].record()
        installation = reading.installation()
    assert installation is not None
    assert installation.revision == 23
    del record["number"]
    assert record == {
        "revision": 23,
        "at": "2099-11-21T12:30:05Z",
        "actor": "cli:ada",
        "action": "restore",
        "kind": "installation",
        "subject": installation.organization_id,
        "before": {"revision": 22},
        "after": {"revision": 20},
        "manager": None,
        "reason": None,
    }
    assert check_database(store).problems == []
    Installation(url_of(store)).add(make_model("later"))
    assert check_database(store).problems == []


@again_to_postgresql
def test_what_was_there_is_kept_and_can_be_put_back(
    backup: Path, full_store: Full, tmp_path: Path, kind: str
) -> None:
    store = full_store(kind)
    Installation(url_of(store)).add(make_model("mine"))
    before = everything(store)
    kept = put_back(backup, store).kept
    beside = tmp_path / "1-before-restore-20261121T123005Z.db"
    assert kept == (
        beside if kind == "sqlite" else backup.with_name("callsheet-before-restore-20261121T123005Z.db")
    )
    assert kept.stat().st_mode & 0o777 == 0o600
    assert everything(Store(f"sqlite:///{kept}")) == before
    put_back(kept, store, now=NOW + timedelta(seconds=1))
    assert without_record(everything(store)) == held(kept)


@again_to_postgresql
def test_what_is_there_is_replaced_only_if_that_is_said(backup: Path, full_store: Full, kind: str) -> None:
    store = full_store(kind)
    before = everything(store)
    with pytest.raises(
        ConflictError,
        match=(
            r"^The database \S+ holds 36 models at revision 20; allow them to be replaced\. "
            r"They will be kept in a file\.$"
        ),
    ):
        put_back(backup, store, replace=False)
    assert everything(store) == before


@again_to_postgresql
@pytest.mark.parametrize("changes", [0, 1, 5])
def test_those_who_serve_from_it_notice(backup: Path, full_store: Full, kind: str, changes: int) -> None:
    store = full_store(kind)
    for number in range(changes):
        Installation(url_of(store)).add(make_model(f"m{number}"))
    live = LiveState(store, Options())
    with store.watch() as watch:
        assert watch.changed(0)
        put_back(backup, store)
        wait_for(lambda: watch.changed(0.01), "the watch to notice")
    assert live.refresh()
    assert seen(live.current) == seen(LiveState(store, Options()).current)
    assert live.current.catalog.get("m0") is None


@pytest.mark.parametrize("later", [0, 1, 2, 3, 9])
def test_those_who_serve_from_a_file_that_was_lost_notice_whatever_revision_it_comes_back_with(
    backup: Path, full_store: Full, later: int
) -> None:
    store = full_store("sqlite")
    installation = Installation(url_of(store))
    installation.add(make_model("lost"), make_model("lost-too"), make_model("lost-as-well"))
    live = LiveState(store, Options())  # at revision 23
    Path(store.display_name).unlink()
    put_back(backup, store)  # 21
    installation.add(*(make_model(f"later{number}") for number in range(later)))
    assert live.refresh()
    assert seen(live.current) == seen(LiveState(store, Options()).current)
    assert live.current.catalog.get("lost") is None


@again_to_postgresql
def test_the_backup_of_another_installation_takes_its_place(backup: Path, empty_store: Empty, kind: str) -> None:
    from callsheet.service.setup import open_store

    store = open_store(url_of(empty_store(kind)), lambda: NOW)
    live = LiveState(store, Options())
    restored = put_back(backup, store)
    assert without_record(everything(store)) == held(backup)
    assert restored.revision == 21
    assert restored.is_another
    with pytest.raises(ForeignDatabaseError):
        live.refresh()
    live = LiveState(store, Options())  # as after a restart
    assert seen(live.current) == seen(LiveState(store, Options()).current)


def test_what_a_restore_left_that_was_killed_is_taken_away_by_the_next(backup: Path, full_store: Full) -> None:
    store = full_store("sqlite")
    folder = Path(store.display_name).parent

    def left() -> list[Path]:
        return list(folder.glob(".*.part*"))

    def die_when_both_are_begun(*_: object) -> None:
        if len(left()) >= 2:  # of the backup, and of what is kept
            os._exit(9)

    if not (pid := os.fork()):
        try:
            restore(backup, store, "test", lambda: NOW, die_when_both_are_begun, replace=True)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
    assert len(left()) >= 2
    restore(backup, store, "test", lambda: NOW + timedelta(minutes=1), lambda *_: None, replace=True)
    assert left() == []


@again_to_postgresql
def test_keys_that_work_again_or_no_more_are_told(backup: Path, full_store: Full, kind: str) -> None:
    store = full_store(kind)
    installation = Installation(url_of(store))
    ids = {key.name: key.id for key in installation.access.list_keys()}
    installation.access.archive_key("ada")
    installation.access.disable_key("team")
    installation.access.enable_key("off")
    lost = installation.access.create_key("new").key
    installation.access.archive_key(installation.access.create_key("never mind").key.id)
    restored = put_back(backup, store)
    assert set(restored.revived) == {(ids["ada"], "ada"), (ids["team"], "team")}
    assert restored.lost == [(lost.id, "new")]


def _nothing(file: Path) -> None:
    file.unlink()


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _garbage(file: Path) -> None:
    file.write_text("no database at all " * 100)


def _no_tables(file: Path) -> None:
    file.unlink()
    execute(Store(f"sqlite:///{file}"), "CREATE TABLE t (x)", "DROP TABLE t")


def _foreign(file: Path) -> None:
    file.unlink()
    execute(Store(f"sqlite:///{file}"), "CREATE TABLE theirs (x)")


def _sql(*statements: str) -> Callable[[Path], None]:
    return lambda file: execute(Store(f"sqlite:///{file}"), *statements)


@pytest.mark.parametrize(
    ("ruin", "kind", "sentence"),
    [
        (
            _nothing,
            DoesNotExistError,
            r"\S+backup\.db cannot be read: No such file or directory; name another backup\.",
        ),
        (_empty, DoesNotExistError, r"\S+backup\.db is empty; name another backup\."),
        (_garbage, StorageError, r"The database \S+backup\.db is not a SQLite database; .*"),
        (_no_tables, DoesNotExistError, r"\S+backup\.db has no tables; name another backup\."),
        (_foreign, StorageError, r"The database \S+backup\.db belongs to another program; .*"),
        (spoil, StorageError, r"The backup \S+backup\.db is damaged; name another\."),
        (_sql("DELETE FROM installation"), DoesNotExistError, r"\S+backup\.db has not been set up; .*"),
        (
            _sql("UPDATE alembic_version SET version_num = '9999'"),
            StorageError,
            r"The database \S+backup\.db was made by a newer Callsheet: .*; upgrade Callsheet\.",
        ),
        (
            _sql("UPDATE models SET lifecycle = 'asleep' WHERE id = 'acme/old'"),
            StorageError,
            r"The row of model 'acme/old' is damaged .*",
        ),
        (
            _sql("UPDATE changes SET before = '{' WHERE number = 1"),
            StorageError,
            r"The database \S+backup\.db is damaged; .*",
        ),
        (
            _sql("UPDATE aliases SET model_id = 'nobody'"),
            StorageError,
            r"The rows of the table aliases cannot be copied \(FOREIGN KEY constraint failed\); .*",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("damaged", [False, True], ids=["whole", "damaged"])
def test_a_file_that_is_no_backup_is_refused_and_the_database_stays(
    backup: Path, full_store: Full, ruin: Callable[[Path], None], kind: type[CallsheetError], sentence: str,
    damaged: bool,
) -> None:  # fmt: skip
    store = full_store("sqlite")
    execute(Store(f"sqlite:///{backup}"), "DROP TRIGGER changes_no_update")
    ruin(backup)
    if damaged:
        spoil(Path(store.display_name))
    before = Path(store.display_name).read_bytes()
    with pytest.raises(kind, match=f"^{sentence}$"):
        put_back(backup, store)
    assert Path(store.display_name).read_bytes() == before


def test_a_damaged_database_is_set_aside_if_that_is_said(backup: Path, full_store: Full) -> None:
    store = full_store("sqlite")
    live = LiveState(store, Options())
    place = Path(store.display_name)
    spoil(place)
    before = place.read_bytes()
    with pytest.raises(ConflictError, match=r"^The database \S+ is damaged; allow it to be set aside\.$"):
        put_back(backup, store, replace=False)
    assert place.read_bytes() == before
    restored = put_back(backup, store)
    assert restored.kept is not None
    assert restored.kept.read_bytes() == before
    assert without_record(everything(store)) == held(backup)
    assert place.stat().st_mode & 0o777 == 0o600
    Installation(url_of(store)).add(make_model("later"))
    assert live.refresh()
    assert seen(live.current) == seen(LiveState(store, Options()).current)


@pytest.mark.parametrize("ruin", [_garbage, _sql("DROP TABLE aliases"), _sql("DELETE FROM alembic_version")])
def test_a_database_that_lost_what_makes_it_one_is_set_aside_too(
    backup: Path, full_store: Full, ruin: Callable[[Path], None]
) -> None:
    store = full_store("sqlite")
    ruin(Path(store.display_name))
    before = Path(store.display_name).read_bytes()
    restored = put_back(backup, store)
    assert restored.kept is not None
    assert restored.kept.read_bytes() == before
    assert without_record(everything(store)) == held(backup)


def test_a_database_of_another_program_is_never_replaced(backup: Path, tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    execute(Store(f"sqlite:///{path}"), "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="belongs to another program"):
        put_back(backup, Store(f"sqlite:///{path}"))
    assert path.read_bytes() == before


def test_a_database_is_not_restored_from_itself(full_store: Full, tmp_path: Path) -> None:
    store = full_store("sqlite")
    (tmp_path / "link.db").symlink_to(store.display_name)
    for file in (Path(store.display_name), tmp_path / "link.db"):
        with pytest.raises(ConflictError, match=r"is the database itself; name a backup of it\.$"):
            put_back(file, store)


def test_a_file_as_it_is_copied_by_hand_can_be_restored_too(full_store: Full, empty_store: Empty) -> None:
    original, store = full_store("sqlite"), empty_store("sqlite")
    with original.read() as reading:  # this connection keeps what follows in the file beside it
        assert reading.installation() is not None
        Installation(url_of(original)).add(make_model("new"))
        put_back(Path(original.display_name), store)
    assert "new" in {row[0] for row in everything(store)["models"]}


def test_nothing_else_is_left_behind(backup: Path, full_store: Full, tmp_path: Path) -> None:
    store = full_store("sqlite")
    names = {path.name for path in tmp_path.iterdir()}
    kept = put_back(backup, store).kept
    assert kept is not None
    assert {path.name for path in tmp_path.iterdir()} == names | {kept.name}


@again_to_postgresql
def test_what_is_to_be_replaced_may_hold_anything(backup: Path, full_store: Full, kind: str) -> None:
    store = full_store(kind)
    execute(
        store,
        "UPDATE api_keys SET expires_at = 'soon' WHERE name = 'ada'",
        "UPDATE models SET lifecycle = 'asleep', created_at = 'once'",
    )
    put_back(backup, store)
    assert without_record(everything(store)) == held(backup)
