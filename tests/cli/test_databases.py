"""Every command finds its database by the flag, else the environment, else the file of settings."""

from pathlib import Path

import pytest

from tests.cli.conftest import CLI

WRITE = "write sqlite:////path/to/callsheet.db or postgresql://user@host/database."
NO_URL = f"That is not a database URL; {WRITE}"
NO_HOST = "A SQLite URL names no host; write three slashes before the path, or four if it is absolute."


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Three databases, one for each way to name one."""
    monkeypatch.chdir(tmp_path)
    found = {name: tmp_path / f"{name}.db" for name in ("flag", "environment", "file")}
    Path("callsheet.toml").write_text(f'database = "sqlite:///{found["file"]}"\n')
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", f"sqlite:///{found['environment']}")
    return found


def test_a_flag_is_stronger_than_the_environment(call: CLI, places: dict[str, Path]) -> None:
    assert call("migrate", "--database", f"sqlite:///{places['flag']}").code == 0
    assert [name for name, path in places.items() if path.exists()] == ["flag"]


def test_the_environment_is_stronger_than_the_file(call: CLI, places: dict[str, Path]) -> None:
    assert call("migrate").code == 0
    assert [name for name, path in places.items() if path.exists()] == ["environment"]


def test_the_file_is_stronger_than_the_default(
    call: CLI, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALLSHEET_DATABASE_URL")
    assert call("migrate").code == 0
    assert [name for name, path in places.items() if path.exists()] == ["file"]


def test_the_default_is_a_file_in_the_data_directory_made_for_its_owner_only(
    call: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert call("migrate").code == 0
    folder = tmp_path / "data" / "callsheet"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "callsheet.db").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "command",
    ["catalog list", "catalog show claude-opus-5", "catalog add m", "catalog change claude-opus-5 --line opus",
     "catalog deprecate claude-opus-5", "catalog retire claude-opus-5", "catalog remove claude-opus-5",
     "catalog hide claude-opus-5", "catalog unhide claude-opus-5", "catalog alias best claude-opus-5",
     "catalog unalias claude-opus-4-5", "catalog history", "workspaces create w", "workspaces list",
     "workspaces show default", "workspaces change default --name d", "keys create --name k", "keys list",
     "settings", "migrate", "check"],
)  # fmt: skip
def test_every_command_takes_the_flag(call: CLI, tmp_path: Path, command: str) -> None:
    named = ("--database", f"sqlite:///{tmp_path}/a.db")
    assert call("migrate", *named).code == 0
    assert call(*command.split(), *named).code == 0


@pytest.mark.parametrize(
    "command",
    ["catalog list", "catalog show m", "catalog change m --line opus", "catalog deprecate m", "catalog retire m",
     "catalog remove m", "catalog hide m", "catalog unhide m", "catalog alias a m", "catalog unalias a",
     "catalog history", "workspaces list", "workspaces show default", "workspaces change default --name d",
     "workspaces archive default", "keys list", "keys disable k", "keys enable k", "keys archive k",
     "keys rotate k", "catalog add m", "workspaces create w", "keys create --name k"],
)  # fmt: skip
@pytest.mark.parametrize("exists", [False, True], ids=["missing", "empty"])
def test_only_what_is_for_that_makes_a_database_and_every_other_command_names_it(
    call: CLI, tmp_path: Path, command: str, exists: bool
) -> None:
    database = tmp_path / "a.db"
    if exists:
        database.touch()
    assert call(*command.split(), "--database", f"sqlite:///{database}").refusal == (
        f"There is no database at {database}; callsheet serve makes one, or callsheet migrate."
    )
    assert [(path, path.stat().st_size) for path in tmp_path.iterdir()] == [(database, 0)] * exists


def test_migrate_says_what_it_did_and_that_there_is_nothing_left_to_do(call: CLI, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    first = call("migrate", "--database", url)
    second = call("migrate", "--database", url)
    assert (first.code, first.out, first.err[:36]) == (0, "", "Migrated the schema from nothing to ")
    assert (second.code, second.out) == (0, "")
    assert second.err.startswith("The schema is ")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", NO_URL),
        ("postgresql:/u:hunter2@h/db", NO_URL),
        ("postgresql://u:hunter2@h:port/db", NO_URL),
        ("sqlite:////tmp/a%00.db", NO_URL),
        ("sqlite:////tmp/\udcff.db", NO_URL),
        ("sqlite+aiosqlite:///x", f"Databases of kind 'sqlite+aiosqlite' are not supported; {WRITE}"),
        ("sqlite+foo:///x", f"Databases of kind 'sqlite+foo' are not supported; {WRITE}"),
        ("sqlite://u:hunter2@host/x.db", NO_HOST),
        ("sqlite://relative.db", NO_HOST),
        ("sqlite:///x.db?timeout=abc", "The database URL has an unknown option, timeout; only mode is known."),
        ("sqlite:///x.db?foo=bar", "The database URL has an unknown option, foo; only mode is known."),
        ("sqlite:///x.db?mode=memory", "The mode of a database URL is ro, rw or rwc."),
        ("sqlite:///x.db?mode=rw&mode=ro", "The mode of a database URL is ro, rw or rwc."),
        ("mysql://u:secret@h/d", f"Databases of kind 'mysql' are not supported; {WRITE}"),
        ("sqlite://", "A database in memory cannot be shared; name a file: sqlite:////path/to/callsheet.db."),
        ("sqlite:////", "The database / is a folder; name a file with --database."),
        ("sqlite:////nowhere/a.db", "The folder /nowhere does not exist; create it, or name another database."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["catalog list", "migrate"])
def test_a_bad_url_is_refused(
    call: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, sentence: str, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", url)
    assert call(*command.split()).refusal == sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["catalog list", "migrate"])
def test_a_file_name_that_is_too_long_is_refused(call: CLI, tmp_path: Path, command: str) -> None:
    sentence = call(*command.split(), "--database", f"sqlite:///{tmp_path}/{'n' * 300}").refusal
    assert "File name too long" in sentence
    assert list(tmp_path.iterdir()) == []
