"""Every command finds its database by the flag, else the environment, else the file of settings."""

from pathlib import Path

import pytest

from tests.cli.conftest import CLI


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Three databases, one for each way to name one."""
    monkeypatch.chdir(tmp_path)
    found = {name: tmp_path / f"{name}.db" for name in ("flag", "environment", "file")}
    Path("callsheet.toml").write_text(f'database = "sqlite:///{found["file"]}"\n')
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", f"sqlite:///{found['environment']}")
    return found


def test_a_flag_is_stronger_than_the_environment(call: CLI, places: dict[str, Path]) -> None:
    assert call("catalog", "list", "--database", f"sqlite:///{places['flag']}").code == 0
    assert [name for name, path in places.items() if path.exists()] == ["flag"]


def test_the_environment_is_stronger_than_the_file(call: CLI, places: dict[str, Path]) -> None:
    assert call("catalog", "list").code == 0
    assert [name for name, path in places.items() if path.exists()] == ["environment"]


def test_the_file_is_stronger_than_the_default(
    call: CLI, places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALLSHEET_DATABASE_URL")
    assert call("catalog", "list").code == 0
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
     "settings", "migrate"],
)  # fmt: skip
def test_every_command_takes_the_flag(call: CLI, tmp_path: Path, command: str) -> None:
    assert call(*command.split(), "--database", f"sqlite:///{tmp_path}/a.db").code == 0


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
        ("nonsense", "'nonsense' is not a database URL; write sqlite:////path/to/callsheet.db."),
        ("mysql://u:secret@h/d", "Databases of kind 'mysql' are not supported; use sqlite:////path/to/callsheet.db."),
        ("sqlite://", "A database in memory cannot be shared; name a file: sqlite:////path/to/callsheet.db."),
        ("sqlite:////", "The database / is a folder; name a file with --database."),
        ("sqlite:////nowhere/a.db", "The folder /nowhere does not exist; create it, or name another database."),
    ],
)  # fmt: skip
def test_a_bad_url_is_refused(call: CLI, url: str, sentence: str) -> None:
    assert call("catalog", "list", "--database", url).refusal == sentence
