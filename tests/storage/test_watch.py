import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from callsheet.domain.errors import (
    ConflictError,
    CorruptDatabaseError,
    DatabaseReplacedError,
    StorageError,
    StorageUnavailableError,
)
from callsheet.service.maintenance.backup import back_up
from callsheet.storage.sqlite.connection import driver_connection
from callsheet.storage.store import Store
from callsheet.storage.watch import Watch
from tests.program import call
from tests.storage.files import NOW, fingerprint, make_database, url_of
from tests.storage.others import execute

pytestmark = pytest.mark.usefixtures("quick_tables")

#: Longer than any change takes to be noticed, in seconds.
LONG = 30.0


@pytest.fixture
def file(tmp_path: Path) -> Store:
    """A database that is a file."""
    return make_database(tmp_path / "callsheet.db")


def record(store: Store) -> None:
    with store.write("test", NOW) as writing:
        writing.record("add", "model", "a", None, None)


def test_a_watch_tells_at_first_and_then_only_what_others_write(store: Store) -> None:
    with store.watch() as watch:
        assert watch.changed(0)
        assert not watch.changed(0)
        record(store)
        assert noticed(watch)
        assert not watch.changed(0)
        execute(store, "UPDATE installation SET revision = 99")
        assert noticed(watch)
        assert not watch.changed(0)


def noticed(watch: Watch) -> bool:
    """Wait for a change as those do who watch: again and again for a moment."""
    end = time.monotonic() + LONG
    while time.monotonic() < end:
        if watch.changed(0.05):
            return True
    return False


def test_reading_is_no_change(store: Store) -> None:
    with store.watch() as watch:
        watch.changed(0)
        with store.read() as reading:
            list(reading.models())
        assert not watch.changed(0.2)


def test_a_write_taken_back_is_no_change(store: Store) -> None:
    with store.watch() as watch:
        watch.changed(0)
        with suppress(ConflictError), store.write("test", NOW) as writing:
            writing.record("add", "model", "a", None, None)
            raise ConflictError("Never mind.")
        assert not watch.changed(0.2)


def test_a_watch_waits_no_longer_when_woken_and_says_when_it_last_had_an_answer(store: Store) -> None:
    with store.watch() as watch, ThreadPoolExecutor(1) as pool:
        begun = time.monotonic()
        watch.changed(0)
        assert begun <= watch.answered_at <= time.monotonic()
        assert watch.polls == 1
        waiting = pool.submit(watch.changed, LONG)
        assert not waiting.done()
        watch.wake()
        assert waiting.result(LONG / 2) is False
        watch.wake()  # before it waits
        assert pool.submit(watch.changed, LONG).result(LONG / 2) is False
    watch.wake()  # by somebody who comes late


def test_a_file_that_was_moved_away_is_told_and_not_made_anew(file: Store) -> None:
    path = Path(file.display_name)
    sentence = f"The database {path} is not there; put it back, or name another database."
    with file.watch() as watch:
        watch.changed(0)
        away = path.rename(path.with_name("away.db"))
        with pytest.raises(StorageError) as refusal:
            watch.changed(0)
        assert str(refusal.value) == sentence
        with pytest.raises(StorageError) as refusal:
            file.watch()
        assert str(refusal.value) == sentence
        assert not path.exists()
        away.rename(path)
        assert not watch.changed(0)
        record(file)
        assert watch.changed(0)


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_another_file_in_the_place_of_one_of_the_three_ends_the_watch(
    file: Store, tmp_path: Path, ending: str
) -> None:
    other = make_database(tmp_path / "other.db")
    with file.watch() as watch, other.watch():
        watch.changed(0)
        Path(f"{other.display_name}{ending}").replace(f"{file.display_name}{ending}")
        with pytest.raises(DatabaseReplacedError) as refusal:
            watch.changed(0)
        assert str(refusal.value).startswith(f"The file {file.display_name}{ending} was replaced or removed ")


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_file_that_was_removed_beside_the_database_ends_the_watch(file: Store, ending: str) -> None:
    with file.watch() as watch:
        watch.changed(0)
        Path(f"{file.display_name}{ending}").unlink()
        with pytest.raises(DatabaseReplacedError):
            watch.changed(0)
    with file.watch() as watch:
        assert watch.changed(0)
        record(file)
        assert watch.changed(0)


def add_in_another_process(store: Store, model: str) -> None:
    """Add a model as another process does, which opens its own files."""
    assert call("catalog", "add", model, "--database", url_of(Path(store.display_name))).returncode == 0


def remove_what_is_beside(store: Store) -> None:
    """Remove the -wal and the -shm, as no process should."""
    for ending in ("-wal", "-shm"):
        Path(f"{store.display_name}{ending}").unlink()


def models_of(store: Store) -> list[str]:
    with store.read() as reading:
        return [model.id for model in reading.models()]


@pytest.mark.parametrize("writes", [False, True])
def test_a_connection_that_is_closed_last_removes_no_change_of_another_process(file: Store, writes: bool) -> None:
    with file.watch() as watch, file.database.engine.connect() as connection:
        watch.changed(0)
        if writes:
            record(file)
        connection.exec_driver_sql("SELECT * FROM models").all()
        remove_what_is_beside(file)
        add_in_another_process(file, "theirs")
        watch.close()  # so that the connection is the last
    assert "theirs" in models_of(file)
    assert call("check", "--database", url_of(Path(file.display_name))).returncode == 0


def test_beside_a_connection_with_removed_files_none_is_opened(file: Store) -> None:
    sentence = f"The file {file.display_name}-wal was replaced or removed while it was in use, "
    with file.database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM models").all()
        remove_what_is_beside(file)
        add_in_another_process(file, "theirs")
        with pytest.raises(DatabaseReplacedError, match=re.escape(sentence)):
            file.watch()  # it would share the -shm that was removed, and not see what others write
        with pytest.raises(DatabaseReplacedError, match=re.escape(sentence)):
            record(file)
    with file.watch() as watch:
        watch.changed(0)
        with watch.transaction() as connection:
            found = connection.exec_driver_sql("SELECT id FROM models").scalars().all()
    assert "theirs" in found


def test_what_only_a_removed_wal_held_is_saved_by_the_last_connection(file: Store) -> None:
    with file.watch() as watch:
        watch.changed(0)
        record(file)  # into the -wal, where it stays, as a watch moves nothing
    with file.database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM models").all()
        remove_what_is_beside(file)
    with file.read() as reading:
        assert [each.subject for each in reading.changes("a")] == ["a"]


def test_a_connection_from_before_the_wal_removes_no_change_of_another_process(file: Store) -> None:
    execute(file, "PRAGMA journal_mode = DELETE")
    with file.database.engine.connect() as connection:
        add_in_another_process(file, "first")  # and switches the file to WAL mode
        connection.exec_driver_sql("SELECT * FROM models").all()
        remove_what_is_beside(file)
        add_in_another_process(file, "theirs")
    assert {"first", "theirs"} <= set(models_of(file))


def test_beside_a_connection_that_changed_the_mode_another_may_be_the_last_to_use_the_wal(file: Store) -> None:
    execute(file, "PRAGMA journal_mode = DELETE")
    with file.database.engine.connect() as switching:
        raw = driver_connection(switching)
        raw.execute("PRAGMA journal_mode = WAL")
        with file.database.engine.connect() as another:
            another.exec_driver_sql("SELECT * FROM models").all()
            raw.find_files()
        record(file)
    with file.read() as reading:
        assert [each.subject for each in reading.changes("a")] == ["a"]


def test_a_connection_by_a_link_that_leads_elsewhere_by_now_removes_no_change(file: Store, tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(file.display_name)
    with Store(url_of(link)).database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT * FROM models").all()
        remove_what_is_beside(file)
        add_in_another_process(file, "theirs")
        link.unlink()
        link.symlink_to(tmp_path / "elsewhere.db")
    assert "theirs" in models_of(file)


def test_a_watch_that_is_closed_last_neither_brings_changes_into_the_file_nor_removes_any(file: Store) -> None:
    path, wal = Path(file.display_name), Path(f"{file.display_name}-wal")
    with file.watch() as watch:
        watch.changed(0)
        before = path.read_bytes()
        record(file)
        mine = wal.rename(wal.with_name("aside"))
        wal.write_bytes(b"")  # that of others, by now
        theirs = wal.stat().st_ino
    assert (path.read_bytes(), wal.stat().st_ino) == (before, theirs)
    mine.replace(wal)
    with file.read() as reading:
        assert [each.subject for each in reading.changes("a")] == ["a"]


def test_what_sqlite_itself_brings_into_the_file_does_not_end_the_watch(file: Store) -> None:
    with file.watch() as watch:
        watch.changed(0)
        for number in range(3):
            record(file)
            execute(file, f"PRAGMA wal_checkpoint({('PASSIVE', 'RESTART', 'TRUNCATE')[number]})")
            assert watch.changed(0)
            assert not watch.changed(0)


def test_a_file_that_is_written_over_is_found_unfit_until_another_is_there(file: Store, tmp_path: Path) -> None:
    path = Path(file.display_name)
    other = Path(make_database(tmp_path / "other.db").display_name)
    with file.watch() as watch:
        watch.changed(0)
        record(file)
        watch.changed(0)
        with path.open("r+b") as written:  # SQLite would take a part of each
            written.write(other.read_bytes())
        with pytest.raises(CorruptDatabaseError, match="was overwritten while it was in use"):
            watch.changed(0)
    with pytest.raises(CorruptDatabaseError):
        file.watch()
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink()
    other.rename(path)
    with file.watch() as watch:
        assert watch.changed(0)


def test_a_backup_that_is_put_beside_the_wal_of_another_file_is_refused_by_everybody(
    file: Store, tmp_path: Path
) -> None:
    back_up(file, tmp_path / "backup.db", lambda *_: None)
    with file.watch() as watch:
        watch.changed(0)
        record(file)
        (tmp_path / "backup.db").replace(file.display_name)
        before = fingerprint(Path(file.display_name).parent)
        with pytest.raises(DatabaseReplacedError):
            watch.changed(0)
    for ask in (file.watch, Store(url_of(Path(file.display_name))).prepare):
        with pytest.raises(CorruptDatabaseError, match=r"-wal does not belong to the database "):
            ask()
    assert fingerprint(Path(file.display_name).parent) == before


@pytest.mark.parametrize("what", ["backup", "other"])
def test_what_reads_and_writes_beside_a_watch_opens_no_file_beside_the_wal_of_another(
    file: Store, tmp_path: Path, what: str
) -> None:
    put = tmp_path / "aside" / "put.db"
    put.parent.mkdir()
    if what == "backup":
        back_up(file, put, lambda *_: None)
    else:
        make_database(put)
    with file.watch() as watch:
        watch.changed(0)
        record(file)
        watch.changed(0)
        put.replace(file.display_name)
        before = fingerprint(tmp_path)
        for act in (read, record):
            with pytest.raises(CorruptDatabaseError, match=r"-wal does not belong to the database "):
                act(file)
    assert fingerprint(tmp_path) == before


def read(store: Store) -> None:
    with store.read() as reading:
        reading.installation()


def test_an_empty_file_beside_a_wal_is_refused_and_the_wal_stays(file: Store) -> None:
    with file.watch() as watch:
        watch.changed(0)
        record(file)
        Path(file.display_name).write_bytes(b"")
        wal = Path(f"{file.display_name}-wal").read_bytes()
        with pytest.raises(StorageError):
            watch.changed(0)
        for ask in (file.watch, file.prepare, file.is_empty, lambda: read(file), lambda: record(file)):
            with pytest.raises(StorageUnavailableError, match="is missing or empty, but "):
                ask()
    assert Path(f"{file.display_name}-wal").read_bytes() == wal


def write_and_remove(file: Store, ending: str) -> None:
    with file.write("test", NOW) as writing:
        writing.record("add", "model", "a", None, None)
        Path(f"{file.display_name}{ending}").rename(f"{file.display_name}{ending}.aside")


def test_a_change_that_went_into_a_file_that_was_removed_is_not_acknowledged(file: Store) -> None:
    for ending in ("", "-wal"):
        with pytest.raises(DatabaseReplacedError, match="while a change was being made; look whether it was made"):
            write_and_remove(file, ending)
        Path(f"{file.display_name}{ending}.aside").replace(f"{file.display_name}{ending}")


@pytest.mark.parametrize("table", ["tombstones", "alembic_version"])
def test_a_table_that_was_dropped_is_missed_at_once(store: Store, table: str) -> None:
    with store.watch() as watch:
        watch.changed(0)
        execute(store, f"DROP TABLE {table}")
        with pytest.raises(StorageError):
            watch.changed(0)
    with pytest.raises(StorageError), store.watch() as again:
        again.changed(0)


@pytest.mark.parametrize(
    "statement", ["UPDATE alembic_version SET version_num = 'x'", "DELETE FROM alembic_version"]
)
def test_another_number_of_the_schema_is_seen_at_once(store: Store, statement: str) -> None:
    with store.watch() as watch:
        watch.changed(0)
        execute(store, statement)
        with pytest.raises(StorageError):
            watch.changed(0)


def test_a_backup_that_is_put_in_place_by_hand_lets_readers_go_on_once_it_is_used(
    file: Store, tmp_path: Path
) -> None:
    back_up(file, tmp_path / "backup.db", lambda *_: None)
    put = Store(url_of(tmp_path / "backup.db"))
    put.prepare()
    with put.watch() as watch:
        watch.changed(0)
        record(put)
        assert watch.changed(0)
        assert Path(f"{put.display_name}-wal").exists()
    put.remove_side_files()
    assert not Path(f"{put.display_name}-wal").exists()


def test_what_has_changed_can_be_read_on_the_connection_that_noticed_it(store: Store) -> None:
    with store.watch() as watch:
        for _ in range(3):
            assert noticed(watch)
            record(store)
            with store.read(watch) as reading:
                before = reading.installation()
                record(store)
                assert reading.installation() == before, "it is of one moment"
            with store.read() as reading:
                assert reading.installation() != before


def test_reading_on_it_is_no_change_and_hides_none(store: Store) -> None:
    with store.watch() as watch:
        watch.changed(0)
        with store.read(watch) as reading:
            list(reading.models())
        assert not watch.changed(0.2)
        with suppress(ConflictError), store.read(watch):
            record(store)
            raise ConflictError("Never mind.")
        assert noticed(watch)
        with store.read(watch) as reading:
            assert [each.subject for each in reading.recorded_from(1, 0)][-1] == "a"
