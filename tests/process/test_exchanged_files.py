"""The files of a database are exchanged, damaged or moved under a server, which stays right or says so at once."""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.installation import Installation, make_model
from tests.program import Server, call, wait_for
from tests.tiers import exhaustive, first

#: Does something to the database at this path.
Act = Callable[[Path], object]


class Scene(NamedTuple):
    """A server, its database, and the secret of a key, `leaver`, that is to be disabled."""

    server: Server
    path: Path
    leaver: str

    @property
    def url(self) -> tuple[str, str]:
        """The flag that names the database."""
        return "--database", f"sqlite:///{self.path}"

    def ready(self) -> tuple[str, str]:
        """Two words of /readyz."""
        said = self.server.get("/readyz")[1]
        return said["status"], said["database"]

    def metric(self, name: str) -> float:
        """One figure of the server, of all its workers."""
        connection = self.server.connect()
        connection.request("GET", "/metrics")
        found = re.search(rf"^callsheet_{name} (\S+)$", connection.getresponse().read().decode(), re.MULTILINE)
        connection.close()
        assert found is not None, name
        return float(found[1])

    def everybody(self, condition: Callable[[], bool]) -> None:
        """Wait until ``condition`` holds whichever worker answers."""
        wait_for(lambda: all(condition() for _ in range(6)))


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Scene]:
    """A server whose last changes are in the -wal, and a backup of its database that lacks the very last one."""
    (folder / "data").mkdir()
    path = folder / "data" / "callsheet.db"
    with Server(path, *flags) as server:
        named = ("--database", f"sqlite:///{path}")
        installation = Installation(f"sqlite:///{path}")
        scene = Scene(server, path, leaver=installation.key(name="leaver"))
        wait_for(lambda: scene.metric("polls_total") > 0, "the watch, without which changes go into the database")
        assert call("backup", str(folder / "backup.db"), *named).returncode == 0
        installation.add(make_model("late"))
        wait_for(lambda: scene.metric("workers") == (2 if "2" in flags else 1), "all workers")
        scene.everybody(lambda: server.get("/v1/models/late", scene.leaver)[0] == 200)
        assert scene.ready() == ("ok", "up")
        yield scene
        assert server.stop() == 0
        assert "Traceback" not in server.stderr


def wal(path: Path) -> Path:
    """Where SQLite writes changes."""
    return Path(f"{path}-wal")


def shm(path: Path) -> Path:
    """Where SQLite has the index of those."""
    return Path(f"{path}-shm")


def remove(*files: Path) -> None:
    """Remove them."""
    for file in files:
        file.unlink()


def backup_of(path: Path) -> Path:
    """Where the backup is."""
    return path.parent.parent / "backup.db"


def overwrite(path: Path, content: bytes) -> None:
    """Write to the very file, as cp does."""
    with path.open("r+b") as file:
        file.write(content)


def of_another(path: Path) -> Path:
    """A database of another installation."""
    other = path.parent.parent / "other.db"
    assert call("migrate", "--database", f"sqlite:///{other}").returncode == 0
    return other


def in_a_folder(path: Path) -> None:
    """Let a folder take its place."""
    path.unlink()
    path.mkdir()


def garbled(path: Path) -> bytes:
    """A header, and nonsense behind it."""
    return path.read_bytes()[:100] + os.urandom(path.stat().st_size - 100)


def run_sql(*statements: str) -> Act:
    """Change it past Callsheet."""

    def act(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for statement in statements:
                connection.execute(statement)

    return act


@pytest.mark.parametrize("workers", first(["1", "2"]))
@pytest.mark.parametrize("act", first([lambda path: remove(wal(path), shm(path)), lambda path: remove(wal(path))]))
def test_changes_that_were_in_a_removed_file_are_said_to_be_lost_and_none_after_is(
    tmp_path: Path, act: Act, workers: str
) -> None:
    with serving(tmp_path, "--workers", workers) as scene:
        act(scene.path)
        scene.everybody(lambda: scene.ready() == ("degraded", "older"))
        assert f"The file {scene.path}-wal was replaced or removed while it was in use" in scene.server.stderr
        assert re.search(
            r" ERROR The database \S+ went back without a restore: .* revision 4, ", scene.server.stderr
        )
        wait_for(lambda: scene.metric("database_replacements_total") >= 1, "the count of replacements")
        wait_for(lambda: scene.metric("database_older") == 1, "the figure of an older database")
        made = call("keys", "create", "--name", "after", "--json", *scene.url)
        secret = json.loads(made.stdout)["secret"]
        scene.everybody(lambda: scene.server.get("/v1/models", secret)[0] == 200)
        assert call("keys", "disable", "after", *scene.url).returncode == 0
        scene.everybody(lambda: scene.server.get("/v1/models", secret)[0] == 401)
        revision = scene.server.get("/readyz")[1]["revision"]
    checked = json.loads(call("check", "--json", *scene.url).stdout)
    assert (checked["problems"], checked["revision"]) == ([], revision)
    listed = json.loads(call("keys", "list", "--json", *scene.url).stdout)
    assert [key["status"] for key in listed if key["name"] == "after"] == ["disabled"]


def test_a_key_that_is_disabled_just_after_the_files_were_removed_stays_disabled(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        server, path = scene.server, scene.path
        assert server.stop() == 0  # so that all is in the database itself
        with Server(path) as again:
            scene = Scene(again, path, scene.leaver)
            wait_for(lambda: scene.metric("polls_total") > 0, "the watch")
            remove(wal(path), shm(path))
            assert call("keys", "disable", "leaver", *scene.url).returncode == 0
            wait_for(lambda: again.get("/v1/models", scene.leaver)[0] == 401, "the disabled key")
            wait_for(lambda: scene.ready() == ("ok", "up"), "the end of the outage")
            assert "-wal was replaced or removed while it was in use" in again.stderr
            assert again.stop() == 0
    listed = json.loads(call("keys", "list", "--json", *scene.url).stdout)
    assert [key["status"] for key in listed if key["name"] == "leaver"] == ["disabled"]


@pytest.mark.parametrize(
    "act",
    first([
        lambda path: path.parent.rename(path.parent.with_name("aside")).rename(path.parent),
        lambda path: Path(shutil.copy(wal(path), path.with_name("copy"))).replace(wal(path)),
        run_sql("VACUUM"),
        lambda path: remove(shm(path)),
        lambda path: shm(path).write_bytes(bytes(32768)),
        lambda path: path.rename(path.with_name("aside")).rename(path),
        run_sql("PRAGMA wal_checkpoint(TRUNCATE)"),
    ], 4),
    ids=["folder-moved-and-back", "copied-wal", "vacuum", "no-shm", "empty-shm", "moved-and-back", "checkpoint"],
)  # fmt: skip
def test_where_nothing_is_lost_the_next_change_is_served_as_ever(tmp_path: Path, act: Act) -> None:
    with serving(tmp_path) as scene:
        act(scene.path)
        disabled = wait_for(
            lambda: (done := call("keys", "disable", "leaver", *scene.url)).returncode == 0 and done
        )
        assert "Disabled the key leaver" in disabled.stderr
        wait_for(lambda: scene.server.get("/v1/models", scene.leaver)[0] == 401, "the disabled key")
        wait_for(lambda: scene.ready() == ("ok", "up"), "all to be well")
        assert scene.metric("database_regressions_total") == 0
    checked = json.loads(call("check", "--json", *scene.url).stdout)
    assert (checked["problems"], checked["revision"]) == ([], 5)


UNFIT: dict[str, tuple[Act, str, str]] = {
    "removed": (lambda path: remove(path), "away", "is not there; put it back, or name another with --database"),
    "all removed": (lambda path: remove(path, wal(path), shm(path)), "away", "is not there; put it back"),
    "folder moved": (lambda path: path.parent.rename(path.parent.with_name("b")), "away", "is not there; put it "),
    "emptied": (lambda path: path.write_bytes(b""), "away", "is missing or empty, but "),
    "cut": (lambda path: os.truncate(path, path.stat().st_size // 2), "unfit", "is damaged"),
    "garbled": (lambda path: overwrite(path, garbled(path)), "unfit", "is damaged|was overwritten"),
    "text": (lambda path: path.write_text("Dear Sir, " * 999), "unfit", "is not a SQLite |was overwritten"),
    "a folder": (lambda path: in_a_folder(path), "unfit", "is a folder"),
    "backup, cp": (lambda path: overwrite(path, backup_of(path).read_bytes()), "unfit", "-wal does not belong to "),
    "backup, mv": (lambda path: backup_of(path).replace(path), "unfit", "-wal does not belong to the database"),
    "other, cp": (lambda path: overwrite(path, of_another(path).read_bytes()), "unfit", "was overwritten while"),
    "other, mv": (lambda path: of_another(path).replace(path), "unfit", "is damaged|-wal does not belong to "),
    "table": (run_sql("DROP TABLE tombstones"), "unfit", "lacks a table"),
    "schema": (run_sql("UPDATE alembic_version SET version_num = 'x'"), "unfit", "has schema x, which no"),
    "no schema": (run_sql("DELETE FROM alembic_version"), "unfit", "is damaged"),
    "installation": (run_sql("DELETE FROM installation"), "unfit", "has lost the row of its table installation"),
    "organization": (run_sql("UPDATE installation SET organization_id = 'x'"), "foreign", r"\(organization x\)"),
}  # fmt: skip


#: Of these, another stands for each with the same sentence.
ALIKE = ("all removed", "folder moved", "garbled", "backup, mv", "other, cp", "no schema")


@pytest.mark.parametrize("way", [pytest.param(way, marks=exhaustive if way in ALIKE else ()) for way in UNFIT])
def test_what_is_unfit_is_said_and_never_served(tmp_path: Path, way: str) -> None:
    act, word, sentence = UNFIT[way]
    with serving(tmp_path) as scene:
        act(scene.path)
        wait_for(lambda: scene.ready() == ("degraded", word), "/readyz to say so")
        wait_for(lambda: re.search(rf" ERROR .*({sentence})", scene.server.stderr), "the log to say so")
        assert scene.metric("database_up") == 0
        assert scene.metric("database_foreign") == (word == "foreign")
        assert scene.server.get("/v1/models/late", scene.leaver)[0] == 200


@pytest.mark.parametrize("way", first(["removed", "emptied", "backup, mv", "other, mv", "all removed"], 3))
def test_a_change_where_the_database_was_is_refused_and_makes_nothing(tmp_path: Path, way: str) -> None:
    with serving(tmp_path) as scene:
        UNFIT[way][0](scene.path)
        wait_for(lambda: scene.ready()[0] == "degraded", "/readyz to say so")
        before = {file.name: file.read_bytes() for file in scene.path.parent.iterdir() if file.suffix != ".db-shm"}
        for command in ("keys disable leaver", "catalog add m", "workspaces create w", "keys create --name k"):
            done = call(*command.split(), *scene.url)
            assert (done.returncode, done.stdout) == (1, "")
            assert re.fullmatch(r"callsheet: [^\n]+\n", done.stderr), done.stderr
        after = {file.name: file.read_bytes() for file in scene.path.parent.iterdir() if file.suffix != ".db-shm"}
        assert after == before


def test_nothing_is_set_up_over_what_has_lost_whose_it_is(tmp_path: Path) -> None:
    def held() -> list[object]:
        with closing(sqlite3.connect(scene.path)) as connection:
            tables = ("installation", "models", "workspaces", "api_keys", "changes")
            return [connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables]

    with serving(tmp_path) as scene:
        UNFIT["installation"][0](scene.path)
        before = held()
        for command in ("catalog add m", "migrate"):
            done = call(*command.split(), *scene.url)
            assert (done.returncode, done.stdout) == (1, "")
            assert "has lost the row of its table installation, which says whose it is" in done.stderr
        assert held() == before


@pytest.mark.parametrize("workers", first(["1", "2"]))
def test_another_installation_is_served_only_after_a_restart(tmp_path: Path, workers: str) -> None:
    with serving(tmp_path, "--workers", workers) as scene:
        for file in (scene.path, wal(scene.path), shm(scene.path)):
            file.rename(file.with_name(f"aside-{file.name}"))
        of_another(scene.path).replace(scene.path)
        scene.everybody(lambda: scene.ready() == ("degraded", "foreign"))
        assert scene.metric("database_foreign") == 1
        said = re.search(
            r"\(organization (\S+)\) than this server serves \(organization (\S+)\)", scene.server.stderr
        )
        assert said is not None
        assert said[1] != said[2]
        assert scene.server.get("/v1/models/late", scene.leaver)[0] == 200
    with Server(scene.path) as again:
        assert again.get("/readyz")[1]["status"] == "ok"
        assert again.get("/v1/models", scene.leaver)[0] == 401


def test_an_older_backup_put_in_place_by_hand_is_followed_and_said(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        remove(wal(scene.path), shm(scene.path))
        backup_of(scene.path).replace(scene.path)
        wait_for(lambda: scene.ready() == ("degraded", "older"), "/readyz to say so")
        assert scene.metric("database_regressions_total") == 1
        assert scene.server.get("/readyz")[1]["revision"] == 3
        assert scene.server.get("/v1/models/late", scene.leaver)[0] == 404
        assert call("keys", "disable", "leaver", *scene.url).returncode == 0
        wait_for(lambda: scene.server.get("/v1/models", scene.leaver)[0] == 401, "the disabled key")
        assert scene.ready() == ("degraded", "older")
    with Server(scene.path) as again:
        assert again.get("/readyz")[1]["status"] == "ok"


def test_a_damaged_file_that_is_restored_is_followed_and_said(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        overwrite(scene.path, garbled(scene.path))
        wait_for(lambda: scene.ready() == ("degraded", "unfit"), "the damage")
        assert call("restore", "--force", str(backup_of(scene.path)), *scene.url).returncode == 0
        wait_for(lambda: scene.ready() == ("ok", "up"), "what was restored")
        assert " was restored; revision 4 is served in place of revision 4." in scene.server.stderr
        assert scene.server.get("/v1/models/late", scene.leaver)[0] == 404
        assert call("keys", "disable", "leaver", *scene.url).returncode == 0
        wait_for(lambda: scene.server.get("/v1/models", scene.leaver)[0] == 401, "the disabled key")


def behind_a_link(folder: Path) -> tuple[Path, Path]:
    """A database that has been set up, and a link to it in another folder."""
    (folder / "disk").mkdir()
    path, link = folder / "disk" / "data.db", folder / "callsheet.db"
    assert call("migrate", "--database", f"sqlite:///{path}").returncode == 0
    link.symlink_to(path)
    return path, link


def test_what_is_beside_a_database_is_watched_where_a_link_to_it_leads(tmp_path: Path) -> None:
    path, link = behind_a_link(tmp_path)
    url = ("--database", f"sqlite:///{link}")
    leaver = json.loads(call("keys", "create", "--name", "leaver", "--json", *url).stdout)["secret"]
    with Server(link) as server:
        scene = Scene(server, link, leaver)
        wait_for(lambda: scene.metric("polls_total") > 0, "the watch")
        remove(wal(path), shm(path))
        assert call("keys", "disable", "leaver", *url).returncode == 0
        wait_for(lambda: server.get("/v1/models", leaver)[0] == 401, "the disabled key")
        assert f"The file {path}-wal was replaced or removed while it was in use" in server.stderr
        assert server.stop() == 0
    listed = json.loads(call("keys", "list", "--json", *url).stdout)
    assert [key["status"] for key in listed if key["name"] == "leaver"] == ["disabled"]


def test_a_link_that_leads_to_another_installation_is_said_and_not_followed(tmp_path: Path) -> None:
    path, link = behind_a_link(tmp_path)
    other = tmp_path / "other.db"
    assert call("migrate", "--database", f"sqlite:///{other}").returncode == 0
    with Server(link) as server:
        scene = Scene(server, path, "")
        wait_for(lambda: scene.metric("polls_total") > 0, "the watch")
        link.unlink()
        link.symlink_to(other)
        wait_for(lambda: scene.ready() == ("degraded", "foreign"), "/readyz to say so")


def test_a_link_that_takes_the_place_of_a_database_without_its_wal_is_noticed(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        aside = scene.path.with_name("aside.db")
        scene.path.rename(aside)
        scene.path.symlink_to(aside)
        wait_for(lambda: scene.ready() == ("degraded", "older"), "/readyz to say so")


def test_a_link_that_leads_to_itself_is_no_database_and_said(tmp_path: Path) -> None:
    with serving(tmp_path) as scene:
        scene.path.unlink()
        scene.path.symlink_to(scene.path)
        wait_for(lambda: scene.ready()[0] == "degraded", "/readyz to say so")
        done = call("keys", "disable", "leaver", *scene.url)
        assert (done.returncode, done.stdout) == (1, "")
        assert re.fullmatch(r"callsheet: [^\n]+\n", done.stderr), done.stderr


def test_an_emptied_database_behind_a_link_is_not_opened_beside_its_wal(tmp_path: Path) -> None:
    path, link = behind_a_link(tmp_path)
    url = ("--database", f"sqlite:///{link}")
    with Server(link) as server:
        scene = Scene(server, path, "")
        wait_for(lambda: scene.metric("polls_total") > 0, "the watch, without which changes go into the database")
        assert call("catalog", "add", "late", *url).returncode == 0
        content = wal(path).read_bytes()
        path.write_bytes(b"")
        done = call("catalog", "add", "later", *url)
        assert done.returncode == 1
        assert f"is missing or empty, but {path}-wal holds changes to it" in done.stderr
        assert wal(path).read_bytes() == content
        assert server.stop() == 0


def test_a_damaged_database_behind_a_link_is_restored_where_it_is(tmp_path: Path) -> None:
    path, link = behind_a_link(tmp_path)
    backup = tmp_path / "backup.db"
    assert call("backup", str(backup), "--database", f"sqlite:///{link}").returncode == 0
    overwrite(path, garbled(path))
    assert call("restore", "--force", str(backup), "--database", f"sqlite:///{link}").returncode == 0
    assert link.is_symlink()
    assert call("check", "--database", f"sqlite:///{path}").returncode == 0
