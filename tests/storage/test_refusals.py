"""A database that is not fit for use is refused in one sentence, and not a byte of it is touched."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import StorageError
from callsheet.storage import schema
from callsheet.storage.sqlite import database
from callsheet.storage.store import Store
from tests.storage.files import execute, fingerprint, make_database, url_of
from tests.tiers import examples

pytestmark = pytest.mark.usefixtures("quick_tables")

UNTOUCHED_BY_US = "CREATE TABLE films (title)", "INSERT INTO films VALUES ('Playtime')"


def of_another_program(path: Path) -> None:
    execute(path, *UNTOUCHED_BY_US)


def of_another_program_with_wal(path: Path) -> None:
    execute(path, "PRAGMA journal_mode = WAL", *UNTOUCHED_BY_US)


def of_another_program_with_its_mark(path: Path) -> None:
    execute(path, "PRAGMA application_id = 77", "VACUUM")


def of_another_program_with_alembic(path: Path) -> None:
    execute(path, "CREATE TABLE alembic_version (version_num)", "INSERT INTO alembic_version VALUES ('0001')")


def with_our_mark_but_other_tables(path: Path) -> None:
    execute(path, f"PRAGMA application_id = {database.APPLICATION_ID}", *UNTOUCHED_BY_US)


def text(path: Path) -> None:
    path.write_text("models:\n  - claude-opus-5\n" * 500)


def a_few_bytes(path: Path) -> None:
    path.write_bytes(b"SQLite")


def newer(path: Path) -> None:
    make_database(path)
    execute(path, "UPDATE alembic_version SET version_num = '9999'")


def without_a_revision(path: Path) -> None:
    make_database(path)
    execute(path, "DELETE FROM alembic_version")


def overwritten_in_the_middle(path: Path) -> None:
    make_database(path)
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    make_database(path)
    path.write_bytes(path.read_bytes()[: 4096 * 5])


REFUSALS: list[tuple[Callable[[Path], None], str]] = [
    (of_another_program, "belongs to another program; name another database."),
    (of_another_program_with_wal, "belongs to another program; name another database."),
    (of_another_program_with_its_mark, "belongs to another program; name another database."),
    (of_another_program_with_alembic, "belongs to another program; name another database."),
    (with_our_mark_but_other_tables, "belongs to another program; name another database."),
    (text, "is not a SQLite database; name another database."),
    (a_few_bytes, "is not a SQLite database; name another database."),
    (
        newer,
        f"was made by a newer Callsheet: its schema is 9999, this program knows {schema.HEAD}; upgrade Callsheet.",
    ),
    (without_a_revision, "is damaged; restore it from a backup."),
    (overwritten_in_the_middle, "is damaged; restore it from a backup."),
    (cut_short, "is damaged; restore it from a backup."),
]


@pytest.mark.parametrize("ask", [Store.prepare, Store.migrate])
@pytest.mark.parametrize(("spoil", "reason"), REFUSALS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_file_that_is_not_fit_for_use_is_refused_untouched(
    tmp_path: Path, spoil: Callable[[Path], None], reason: str, ask: Callable[[Store], object]
) -> None:
    path = tmp_path / "callsheet.db"
    spoil(path)
    before = fingerprint(tmp_path)
    with pytest.raises(StorageError) as refusal:
        ask(Store(url_of(path)))
    assert str(refusal.value) == f"The database {path} {reason}"
    assert fingerprint(tmp_path) == before


def test_a_database_without_one_of_its_tables_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "callsheet.db"
    make_database(path)
    execute(path, "DROP TABLE installation")
    before = fingerprint(tmp_path)
    with pytest.raises(StorageError, match=r"lacks a table it should have; restore it from a backup\.$"):
        Store(url_of(path)).prepare()
    assert fingerprint(tmp_path) == before


def test_an_older_schema_is_refused_with_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "callsheet.db"
    store = make_database(path)
    before, made = fingerprint(tmp_path), schema.HEAD
    monkeypatch.setattr(schema, "HEAD", "9998")
    with pytest.raises(StorageError) as refusal:
        store.prepare()
    assert str(refusal.value) == (
        f"The database {path} has schema {made}, this program needs 9998; migrate it to the schema of this program."
    )
    assert fingerprint(tmp_path) == before


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as refusal:
        Store(url_of(tmp_path)).prepare()
    assert str(refusal.value) == f"The database {tmp_path} is a folder; name a file."
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_refused_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "callsheet.db"
    with pytest.raises(StorageError) as refusal:
        Store(url_of(path)).prepare()
    assert str(refusal.value) == f"The folder {path.parent} does not exist; create it, or name another database."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ask", [Store.prepare, Store.migrate])
@pytest.mark.parametrize("made", [True, False])
def test_a_database_that_may_only_be_read_is_refused(
    tmp_path: Path, made: bool, ask: Callable[[Store], object]
) -> None:
    path = tmp_path / "callsheet.db"
    if made:
        make_database(path)
    before = fingerprint(tmp_path)
    with pytest.raises(StorageError) as refusal:
        ask(Store(f"sqlite:///file:{path}?mode=ro&uri=true"))
    assert str(refusal.value) == (
        f"The database {path} is read-only; make the file and its folder writable, or name another database."
    )
    assert fingerprint(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to any file")
def test_a_file_without_permission_to_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "callsheet.db"
    make_database(path)
    path.chmod(0o400)
    before = fingerprint(tmp_path)
    with pytest.raises(StorageError, match="is read-only; make the file and its folder writable"):
        Store(url_of(path)).prepare()
    assert fingerprint(tmp_path) == before


def test_a_database_opened_for_reading_only_is_found_not_writable(tmp_path: Path) -> None:
    path = tmp_path / "callsheet.db"
    make_database(path)
    store = Store(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(StorageError, match="is read-only"), schema.ensure_writable(store.database):
        pass


def test_a_database_held_by_another_is_refused_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callsheet.storage.database.LOCK_TIMEOUT_SECONDS", 0.05)
    path = tmp_path / "callsheet.db"
    store = make_database(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageError) as refusal:
            store.prepare()
    assert str(refusal.value) == f"The database {path} is held by another process; try again in a moment."


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("callsheet.db", "is not a database URL"),
        ("", "is not a database URL"),
        ("mysql://localhost/callsheet", "are not supported"),
        ("sqlite://", "A database in memory cannot be shared"),
        ("sqlite:///:memory:", "A database in memory cannot be shared"),
    ],
)
def test_a_url_of_no_file_is_refused(url: str, reason: str) -> None:
    with pytest.raises(StorageError, match=reason):
        Store(url)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as it should be."""
    path = tmp_path_factory.mktemp("sound") / "callsheet.db"
    make_database(path)
    return path


def refusals(store: Store) -> list[str]:
    try:
        store.prepare()
    except StorageError as refusal:
        return [str(refusal)]
    return []


@examples(2)
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=200)), min_size=1, max_size=3))
def test_whatever_is_wrong_with_a_file_it_is_one_sentence(
    tmp_path: Path, sound: Path, scribbles: list[tuple[float, bytes]]
) -> None:
    path = tmp_path / "callsheet.db"
    content = bytearray(sound.read_bytes())
    for place, scribble in scribbles:
        start = int(place * (len(content) - len(scribble)))
        content[start : start + len(scribble)] = scribble
    path.write_bytes(content)
    before = fingerprint(tmp_path)
    for sentence in refusals(Store(url_of(path))):
        assert sentence.startswith(f"The database {path} ")
        assert "\n" not in sentence
    assert fingerprint(tmp_path) == before
