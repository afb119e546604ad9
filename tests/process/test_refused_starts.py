"""A start that cannot be: one line on stderr, exit code 1, no traceback, and nothing changed on disk."""

import shutil
import socket
import sqlite3
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.installation import Installation
from tests.process.unprivileged import UNPRIVILEGED, needs_linux
from tests.program import COMMAND, Program
from tests.tiers import first


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a test puts its database."""
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


@pytest.fixture
def database(folder: Path, installation: Installation) -> Path:
    """A database of ours that is well."""
    installation.key()
    return Path(shutil.move(installation.store.display_name, folder))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def refused(folder: Path, *arguments: str, command: tuple[str, ...] = COMMAND) -> str:
    """The one line of a start that is refused and changes nothing in ``folder``."""
    before = snapshot(folder)
    with Program("serve", *arguments, cwd=folder, command=command) as program:
        assert program.ended() == 1
        assert program.stdout == ""
        assert program.stderr.startswith("callsheet: ")
        assert program.stderr.endswith(".\n")
        assert program.stderr.count("\n") == 1
        assert snapshot(folder) == before
        return program.stderr.removeprefix("callsheet: ").strip()


def snapshot(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file with its mode and content."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode,
            sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in folder.rglob("*")
    }


def serving(path: object) -> tuple[str, ...]:
    return ("--port", "0", "--database", f"sqlite:///{path}")


def test_a_port_in_use_leaves_a_database_as_it_is(folder: Path, database: Path, taken: int) -> None:
    line = refused(folder, "--database", f"sqlite:///{database}", "--port", str(taken))
    assert line == (
        f"Cannot listen on 127.0.0.1 port {taken}: Address already in use; choose others with --host and --port."
    )


def test_a_port_in_use_makes_no_database(folder: Path, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    refused(folder, "--port", str(taken))
    refused(folder, "--port", str(taken), "--database", f"sqlite:///{folder}/new.db")


@pytest.mark.parametrize("host", first(["192.0.2.1", "no.such.host.invalid", "a..b", ".", "n" * 300], 3))
def test_an_address_that_is_not_of_this_machine_is_refused(folder: Path, host: str) -> None:
    assert refused(folder, "--host", host).startswith(f"Cannot listen on {host} port 8484: ")


def test_a_database_of_another_program_is_refused(folder: Path) -> None:
    path = folder / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE models (id TEXT)")
    connection.close()
    line = refused(folder, *serving(path))
    assert line == f"The database {path} belongs to another program; name another with --database."


def test_a_file_that_is_no_database_is_refused(folder: Path) -> None:
    path = folder / "letter.txt"
    path.write_text("Dear Sir or Madam, " * 100)
    assert refused(folder, *serving(path)) == (
        f"The database {path} is not a SQLite database; name another with --database."
    )


def test_a_database_of_a_newer_callsheet_is_refused_and_both_schemas_are_named(
    folder: Path, database: Path
) -> None:
    with sqlite3.connect(database) as connection:
        (known,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert refused(folder, *serving(database)) == (
        f"The database {database} was made by a newer Callsheet: its schema is 9999, "
        f"this program knows {known}; upgrade Callsheet."
    )


def test_a_database_that_lacks_a_table_is_refused(folder: Path, database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE aliases")
    connection.close()
    assert str(database) in refused(folder, *serving(database))


@pytest.mark.parametrize("offset", first([0.1, 0.3, 0.5, 0.7]))
def test_a_corrupt_database_is_refused(folder: Path, database: Path, offset: float) -> None:
    content = bytearray(database.read_bytes())
    start = int(len(content) * offset) // 4096 * 4096
    content[start : start + 4096] = b"\xa5" * 4096
    database.write_bytes(content)
    assert refused(folder, *serving(database)) == (f"The database {database} is damaged; restore it from a backup.")


def test_a_database_cut_short_is_refused(folder: Path, database: Path) -> None:
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2])
    assert refused(folder, *serving(database)) == (f"The database {database} is damaged; restore it from a backup.")


def test_a_folder_is_refused(folder: Path) -> None:
    (folder / "sub").mkdir()
    assert refused(folder, *serving(folder / "sub")) == (
        f"The database {folder}/sub is a folder; name a file with --database."
    )


def test_a_folder_that_is_missing_is_refused_and_not_made(folder: Path) -> None:
    assert refused(folder, *serving(folder / "missing" / "callsheet.db")) == (
        f"The folder {folder}/missing does not exist; create it, or name another database."
    )


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root:hunter2@localhost/models",
        "postgresql:/u:hunter2@h/db",
        "sqlite://u:hunter2@h/x.db",
        "sqlite:///x.db?timeout=1",
        "callsheet.db",
        "sqlite://",
        "http://x",
    ],
)
def test_a_url_that_is_not_of_a_database_is_refused_without_its_password(folder: Path, url: str) -> None:
    assert "hunter2" not in refused(folder, "--port", "0", "--database", url)


@needs_linux
def test_a_read_only_database_is_refused(folder: Path, database: Path) -> None:
    database.chmod(0o444)
    assert refused(folder, *serving(database), command=UNPRIVILEGED).startswith(
        f"The database {database} is read-only; "
    )


@needs_linux
@pytest.mark.parametrize("name", ["callsheet.db", "new.db"])
def test_a_database_in_a_read_only_folder_is_refused(folder: Path, database: Path, name: str) -> None:
    folder.chmod(0o555)
    try:
        assert str(folder / name) in refused(folder, *serving(folder / name), command=UNPRIVILEGED)
    finally:
        folder.chmod(0o755)


@needs_linux
def test_a_database_that_may_not_be_read_is_refused(folder: Path, database: Path) -> None:
    database.chmod(0o000)
    line = None
    with Program("serve", *serving(database), command=UNPRIVILEGED) as program:
        assert program.ended() == 1
        line = program.stderr
    assert line.startswith(f"callsheet: The database {database} cannot be opened; check ")
    assert line.count("\n") == 1


@needs_linux
def test_a_data_directory_that_cannot_be_made_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    folder.chmod(0o555)
    try:
        assert refused(folder, "--port", "0", command=UNPRIVILEGED) == (
            f"The folder {folder}/data/callsheet of the default database cannot be created (Permission denied); "
            "name another with --database."
        )
    finally:
        folder.chmod(0o755)
