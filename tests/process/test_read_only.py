"""Commands that only read need nothing that can be written to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.first_release import first_release
from tests.postgres import Databases
from tests.process.unprivileged import UNPRIVILEGED, needs_linux
from tests.program import Program
from tests.storage.files import fingerprint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One that holds a database, and will not be written to."""
    made = tmp_path / "folder"
    made.mkdir()
    first_release(made / "callsheet.db")
    return made


@contextmanager
def sealed(folder: Path) -> Iterator[None]:
    """Nobody can write to what is in a folder; afterwards, it is as it was."""
    before = fingerprint(folder)
    modes = {path: path.stat().st_mode for path in (folder, *folder.iterdir())}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield
    for path, mode in modes.items():
        path.chmod(mode)
    assert fingerprint(folder) == before


def run(cwd: Path, *arguments: str) -> str:
    """What a command says that does its work."""
    with Program(*arguments, cwd=cwd, command=UNPRIVILEGED) as program:
        assert program.ended() == 0, program.stderr
        return program.stderr


@needs_linux
def test_a_read_only_database_is_checked_copied_and_backed_up(folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{folder}/callsheet.db"
    with sealed(folder):
        assert run(tmp_path, "check", "--database", url).startswith("All is well at revision 20: ")
        assert run(tmp_path, "copy", "--from", url, "--to", "sqlite:///copy.db").startswith("Copied everything; ")
        assert run(tmp_path, "backup", "backup.db", "--database", url).startswith("Backed up revision 20 of ")
    for name in ("copy.db", "backup.db"):
        assert run(tmp_path, "check", "--database", f"sqlite:///{name}").startswith("All is well at revision 20: ")


def test_a_database_that_the_url_makes_read_only_is_checked(folder: Path, tmp_path: Path) -> None:
    url = f"sqlite:///file:{folder}/callsheet.db?mode=ro&uri=true"
    with sealed(folder):
        assert run(tmp_path, "check", "--database", url).startswith("All is well at revision 20: ")


@needs_linux
def test_a_backup_in_a_read_only_folder_is_restored_to_postgresql(
    folder: Path, tmp_path: Path, postgres: Databases
) -> None:
    backup, url = str(folder / "callsheet.db"), postgres.make()
    with sealed(folder):
        assert run(tmp_path, "restore", backup, "--database", url).startswith("Restored revision 20 into ")
        told = run(tmp_path, "restore", backup, "--database", url, "--force")
    [kept] = tmp_path.glob("callsheet-before-restore-*")
    assert f"The former content is kept in {kept.name}.\n" in told
