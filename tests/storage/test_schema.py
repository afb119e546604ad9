import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

import callsheet.storage
from callsheet.storage import schema, tables
from callsheet.storage.open import open_database
from callsheet.storage.schema import Schema
from callsheet.storage.store import Store
from tests.storage.files import NOW, ask, execute, fingerprint, make_database, url_of
from tests.storage.others import Make

MIGRATIONS = Path(callsheet.storage.__file__).parent / "migrations"


def test_the_head_this_program_names_is_the_newest_migration() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert scripts.get_heads() == [schema.HEAD]
    assert schema.known_revisions()[0] == schema.HEAD


def test_the_migrations_make_exactly_the_tables(make: Make) -> None:
    database = make(empty=True).database
    schema.migrate(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, tables.metadata) == []


def test_a_fresh_database_carries_our_mark_and_lets_readers_go_on_while_somebody_writes(tmp_path: Path) -> None:
    path = tmp_path / "callsheet.db"
    make_database(path)
    assert ask(path, "PRAGMA application_id") == [(0x43616C6C,)]
    assert ask(path, "PRAGMA journal_mode") == [("wal",)]
    assert ask(path, "SELECT version_num FROM alembic_version") == [(schema.HEAD,)]


def test_a_fresh_database_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "callsheet.db"
    store = make_database(path)
    with store.write("test", NOW):
        assert {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()} == {
            "callsheet.db": "0o600",
            "callsheet.db-wal": "0o600",
            "callsheet.db-shm": "0o600",
        }


def test_looking_at_a_database_changes_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "callsheet.db"
    assert schema.inspect(open_database(url_of(path))) == (Schema.EMPTY, None)
    assert not path.exists()
    make_database(path)
    before = fingerprint(tmp_path)
    assert schema.inspect(open_database(url_of(path))) == (Schema.CURRENT, schema.HEAD)
    assert fingerprint(tmp_path) == before
    assert list(before) == ["callsheet.db"]


def test_a_file_of_no_bytes_and_a_database_of_no_tables_are_empty(tmp_path: Path) -> None:
    touched, bare = tmp_path / "touched.db", tmp_path / "bare.db"
    touched.touch()
    execute(bare, "CREATE TABLE t (x)", "DROP TABLE t")
    for path in (touched, bare):
        assert schema.inspect(open_database(url_of(path))) == (Schema.EMPTY, None)
        make_database(path)
        assert schema.inspect(open_database(url_of(path))) == (Schema.CURRENT, schema.HEAD)


@pytest.mark.parametrize("name", ["a b", "a#b", "a%25b", "a%2341b", "a%3Fb", "ä", "-", "a'b\"", "a&b=c"])
def test_a_path_may_hold_any_character(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path}/{name}.db"
    store = Store(url)
    store.prepare()
    assert schema.inspect(store.database) == (Schema.CURRENT, schema.HEAD)
    assert [str(path) for path in tmp_path.iterdir()] == [store.display_name]


def test_a_path_may_be_relative_or_a_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///callsheet.db", f"sqlite:///file:{tmp_path}/callsheet.db?uri=true"):
        store = Store(url)
        store.prepare()
        assert schema.inspect(store.database) == (Schema.CURRENT, schema.HEAD)
    assert [path.name for path in tmp_path.iterdir()] == ["callsheet.db"]


def test_the_address_of_a_file_is_the_same_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "callsheet.db")
    addresses = []
    for folder in (tmp_path, tmp_path / "other"):
        monkeypatch.chdir(folder)
        addresses.append(Store("sqlite:///callsheet.db").canonical_address)
    assert addresses == [f"{tmp_path}/callsheet.db", f"{tmp_path}/other/callsheet.db"]
    assert Store(f"sqlite:///{tmp_path}/link.db").canonical_address == addresses[0]


def test_migrating_says_the_revisions_before_and_after(make: Make) -> None:
    store = make(empty=True)
    assert store.is_empty()
    assert store.migrate() == (None, schema.HEAD)
    assert store.migrate() == (schema.HEAD, schema.HEAD)


def test_what_another_process_left_unwritten_when_it_died_is_read(tmp_path: Path) -> None:
    alive, dead = tmp_path / "alive", tmp_path / "dead"
    alive.mkdir()
    dead.mkdir()
    store = make_database(alive / "callsheet.db")
    with store.read() as reading:  # this connection keeps what follows out of the main file
        assert reading.installation() is not None
        execute(alive / "callsheet.db", "UPDATE installation SET revision = 7000")
        for file in alive.iterdir():
            (dead / file.name).write_bytes(file.read_bytes())
    assert (dead / "callsheet.db-wal").stat().st_size
    copy = Store(url_of(dead / "callsheet.db"))
    copy.prepare()
    with copy.read() as reading:
        installation = reading.installation()
    assert installation is not None
    assert installation.revision == 7000


def test_a_first_start_that_died_halfway_is_begun_anew(tmp_path: Path) -> None:
    alive, dead = tmp_path / "alive", tmp_path / "dead"
    alive.mkdir()
    dead.mkdir()
    interrupt(alive / "callsheet.db", dead)
    assert (dead / "callsheet.db").stat().st_size
    make_database(dead / "callsheet.db")
    assert schema.inspect(open_database(url_of(dead / "callsheet.db"))) == (Schema.CURRENT, schema.HEAD)


def interrupt(path: Path, copy: Path) -> None:
    """Begin to fill a database, and take a copy while half of it is on the disk."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 2")
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE halfway (content)")
        connection.executemany("INSERT INTO halfway VALUES (zeroblob(4000))", [()] * 50)
        for file in path.parent.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        connection.execute("ROLLBACK")
