"""``callsheet copy``, ``backup``, ``restore`` and ``check`` as people and programs see them."""

import os
import pty
import re
from pathlib import Path

import pytest

from callsheet.storage.store import Store
from tests import starter
from tests.cli.conftest import CLI
from tests.first_release import first_release
from tests.installation import Installation
from tests.postgres import Databases
from tests.program import COMMAND, DEADLINE
from tests.program import call as run_command
from tests.storage.others import execute

HELD = "models 36, aliases 11, tombstones 1, claims 46, sources 0, workspaces 3, api keys 5, changes 65"

TABLES = {
    "models": 36, "aliases": 11, "tombstones": 1, "workspaces": 3, "api_keys": 5, "changes": 65,
    "claims": 46, "sources": 0, "source_states": 0, "absences": 0,
    "admin_keys": 0, "calendars": 0, "retirement_dates": 0, "webhooks": 0, "outbox": 0,
}  # fmt: skip

#: Tables of which nothing but the references is checked.
UNCHECKED = {"console_sessions": 0, "sign_in_links": 0, "key_uses": 0, "repeated_requests": 0}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, with the database of the first release, found by the environment."""
    monkeypatch.chdir(tmp_path)
    store = first_release(tmp_path / "callsheet.db")
    monkeypatch.setenv("CALLSHEET_DATABASE_URL", f"sqlite:///{store.display_name}")
    return tmp_path


def test_copy_says_what_both_hold(call: CLI, here: Path) -> None:
    command = ("copy", "--from", "sqlite:///callsheet.db", "--to", "sqlite:///copy.db")
    first, second = call(*command), call(*command)
    assert first == (0, "", f"Copied everything; both are equal, at revision 20: {HELD}.\n")
    assert second == (0, "", f"Nothing to copy; both are equal, at revision 20: {HELD}.\n")


def test_copy_says_that_servers_cannot_notice_rows_it_puts_right(call: CLI, here: Path) -> None:
    command = ("copy", "--from", "sqlite:///callsheet.db", "--to", "sqlite:///copy.db")
    call(*command)
    execute(Store("sqlite:///copy.db"), "UPDATE models SET display_name = 'Mine' WHERE id = 'acme/old'")
    assert call(*command).err == (
        f"Copied everything; both are equal, at revision 20: {HELD}.\n"
        "Rows of the target had been changed without Callsheet; restart the servers that serve from it.\n"
    )


def test_copy_as_json(call: CLI, here: Path, postgres: Databases) -> None:
    url = postgres.make()
    there = call("copy", "--from", "sqlite:///callsheet.db", "--to", url, "--json").json
    back = call("copy", "--from", url, "--to", "sqlite:///callsheet.db", "--json").json
    assert list(there) == ["changed", "repaired", "revision", "tables"]
    assert (there.pop("changed"), back.pop("changed")) == (True, False)
    assert there == back
    assert there["revision"] == 20
    assert {name: each["rows"] for name, each in there["tables"].items()} == {
        **TABLES, **UNCHECKED, "installation": 1,
    }  # fmt: skip
    assert all(re.fullmatch("[0-9a-f]{64}", each["digest"]) for each in there["tables"].values())


def test_a_password_is_never_told(call: CLI, here: Path, postgres: Databases) -> None:
    url = postgres.make().replace("postgres@", "postgres:hunter2@")
    results = [
        call("copy", "--from", "sqlite:///callsheet.db", "--to", url),
        call("backup", "backup.db", "--database", url),
        call("restore", "backup.db", "--database", url),
        call("restore", "backup.db", "--database", url, "--force"),
        call("check", "--database", url),
    ]
    assert [result.code for result in results] == [0, 0, 1, 0, 0]
    assert "hunter2" not in "".join(result.out + result.err for result in results)


def test_both_databases_of_a_copy_must_be_named(call: CLI, here: Path) -> None:
    assert call("copy", "--to", "sqlite:///copy.db").code == 2
    assert call("copy", "--from", "sqlite:///callsheet.db").code == 2
    assert not Path("copy.db").exists()


def test_backup_says_what_it_wrote(call: CLI, here: Path) -> None:
    done = call("backup", "backup.db")
    size = Path("backup.db").stat().st_size
    assert done == (0, "", f"Backed up revision 20 of {here}/callsheet.db to backup.db: {size:,} bytes.\n")
    assert call("backup", "backup.db").refusal == (
        "backup.db exists already; name another file, or add --force to replace it."
    )
    assert call("backup", "backup.db", "--force", "--json").json == {
        "bytes": size, "database": f"{here}/callsheet.db", "file": "backup.db", "revision": 20,
    }  # fmt: skip


def test_restore_says_what_became_of_everything(call: CLI, here: Path) -> None:
    call("backup", "backup.db")
    call("keys", "archive", "ada")
    ids = {key["name"]: key["id"] for key in call("keys", "list", "--json").json}
    call("keys", "create", "--name", "new")
    new = {key["name"]: key["id"] for key in call("keys", "list", "--json").json}["new"]
    assert call("restore", "backup.db").refusal == (
        f"The database {here}/callsheet.db holds 36 models at revision 22; add --force to replace them. "
        "They will be kept in a file."
    )
    done = call("restore", "backup.db", "--force")
    (kept,) = here.glob("callsheet-before-restore-*.db")
    assert (done.code, done.out) == (0, "")
    assert done.err.splitlines() == [
        f"Restored revision 20 into {here}/callsheet.db, as revision 23.",
        f"The former content is kept in {kept}.",
        f'Key "ada" ({ids["ada"]}) had stopped working and works again.',
        f'Key "new" ({new}) is not in the backup; it has stopped working.',
    ]
    history = call("catalog", "history", "--limit", "1", "--json").json[0]
    assert (history["action"], history["kind"], history["revision"]) == ("restore", "installation", 23)
    assert history["actor"].startswith("cli")


def test_restore_as_json(call: CLI, here: Path) -> None:
    call("backup", "backup.db")
    assert call("restore", "backup.db", "--database", "sqlite:///new.db", "--json").json == {
        "another_installation": False, "backup_revision": 20, "database": "new.db", "held_events": 0, "kept": None,
        "lost_keys": [], "revision": 21,
        "revived_keys": [],
    }  # fmt: skip
    call("keys", "archive", "ada")
    (key,) = (key for key in call("keys", "list", "--json").json if key["name"] == "ada")
    restored = call("restore", "backup.db", "--force", "--json").json
    assert Path(restored["kept"]).exists()
    assert restored["revived_keys"] == [{"id": key["id"], "name": "ada"}]


def test_check_prints_one_line_if_all_is_well(call: CLI, here: Path) -> None:
    assert call("check") == (0, "", f"All is well at revision 20: {HELD}.\n")
    assert call("check", "--json").json == {"problems": [], "revision": 20, "rows": TABLES}


def test_check_prints_each_problem_and_fails(call: CLI, here: Path) -> None:
    store = first_release(here / "other.db")
    ids = ["acme/old", "acme/raeuber"]
    execute(store, *(f"UPDATE models SET description = 'Mine' WHERE id = '{model_id}'" for model_id in ids))
    sentences = [f"The model {model_id} differs from its last change record." for model_id in ids]
    done = call("check", "--database", "sqlite:///other.db")
    assert (done.code, done.out.splitlines()) == (1, sentences)
    assert done.err == f"2 problems at revision 20: {HELD}.\n"
    result = call("check", "--database", "sqlite:///other.db", "--json")
    assert result.code == 1
    assert result._replace(code=0).json["problems"] == [
        {"kind": "model", "subject": model_id, "message": sentence}
        for model_id, sentence in zip(ids, sentences, strict=True)
    ]


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("copy --from sqlite:///none.db --to sqlite:///copy.db", "There is no database at none.db to copy from."),
        ("copy --from mysql://h/d --to sqlite:///copy.db", "Databases of kind 'mysql' are not supported; .*"),
        ("backup backup.db --database sqlite:///none.db", "There is no database at none.db to back up."),
        ("backup none/backup.db", "The folder none does not exist; create it, or name another file."),
        ("restore none.db", "none.db cannot be read: No such file or directory; name another backup."),
        ("restore .", "\\. cannot be read: Is a directory; name another backup."),
        ("check --database sqlite:///none.db", "There is no database at none.db to check."),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence_and_leaves_nothing(
    call: CLI, here: Path, command: str, sentence: str
) -> None:
    before = sorted(here.iterdir())
    assert re.fullmatch(sentence, call(*command.split()).refusal)
    assert sorted(here.iterdir()) == before


def test_how_far_it_is_shows_on_a_terminal_only(here: Path) -> None:
    arguments = ("copy", "--from", "sqlite:///callsheet.db", "--to")
    piped = run_command(*arguments, "sqlite:///a.db")
    assert piped.stdout == ""
    assert piped.stderr.startswith("Copied everything")
    ours, theirs = pty.openpty()
    shown = b""
    with os.fdopen(theirs, "wb", 0) as terminal:
        environment = {**os.environ, "TERM": "xterm"}
        process = starter.start([*COMMAND, *arguments, "sqlite:///b.db"], None, environment, terminal, terminal)
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # how Linux says that nobody writes any more
        pass
    finally:
        os.close(ours)
    assert process.wait(DEADLINE) == 0
    assert b"checking api_keys" in shown
    assert b"100%" in shown


def test_an_installation_moves_to_postgresql_and_back(
    call: CLI, installation: Installation, postgres: Databases, tmp_path: Path
) -> None:
    url = postgres.make()
    secret = installation.key()
    assert call("copy", "--from", installation.url, "--to", url).code == 0
    assert call("catalog", "add", "mine", "--database", url).code == 0
    assert call("copy", "--from", url, "--to", installation.url).code == 0
    assert call("check", "--database", installation.url).code == 0
    assert installation.live().current.keyring.find(secret.encode()) is not None
    assert installation.live().current.catalog.get("mine") is not None
