"""The follower: what it says of files that are right, wrong, in the way, or refused."""

import os
import threading
from pathlib import Path

import pytest

from callsheet.domain.errors import ConflictError, ManifestError, StorageUnavailableError
from callsheet.domain.manifest import Manifest
from callsheet.files.load import load_manifests
from callsheet.service.manifests import follow
from callsheet.service.manifests.follow import CatalogFollower
from callsheet.service.manifests.service import Planned
from tests.installation import Installation
from tests.service.manifests.files import Files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "catalog.yaml"
    path.write_text("manager: team-a\nmodels: [{id: a}]\n")
    return path


@pytest.fixture
def follower(empty: Installation, file: Path) -> CatalogFollower:
    return CatalogFollower(str(file), Files(empty).service)


def test_files_that_are_applied_are_ok_and_applied_once(empty: Installation, follower: CatalogFollower) -> None:
    assert follower.following.status == "waiting"
    assert follower.apply()
    assert (follower.following.status, follower.following.changes) == ("ok", 1)
    revision = empty.live().current.revision
    assert follower.apply()
    assert (follower.following.changes, empty.live().current.revision) == (1, revision)


def test_a_file_is_read_once_it_is_no_longer_being_written(
    empty: Installation, follower: CatalogFollower, file: Path
) -> None:
    """Half a file may be valid: what the other half holds would go, and come again."""
    whole = "manager: team-a\nmodels: [{id: a}, {id: b}]\n"
    written = iter(["manager: team-a\nmodels: []\n", whole, whole])

    class Between(threading.Event):
        def wait(self, _timeout: float | None = None) -> bool:
            text = next(written, None)
            if text is None:
                self.set()
            elif text != file.read_text():
                file.write_text(text)
            return self.is_set()

    follower._run(Between())
    assert [item.model.id for item in empty.catalog.list()] == ["a", "b"]
    assert [record.action for record in empty.history.list("a")] == ["add"]


def test_a_wrong_file_changes_nothing_and_is_counted(
    empty: Installation, follower: CatalogFollower, file: Path
) -> None:
    follower.apply()
    file.write_text("manager: team-a\nmodels: [{id: b}, {id: c, hidden: no}]\n")
    assert not follower.apply()
    assert not follower.apply()
    assert [item.model.id for item in empty.catalog.list()] == ["a"]
    following = follower.following
    assert (following.status, following.faults, following.failures) == ("failing", 1, 2)
    assert following.record().keys() == {"status", "applied_at", "faults"}
    file.write_text("manager: team-a\nmodels: [{id: b}]\n")
    assert follower.apply()
    assert (follower.following.status, follower.following.faults) == ("ok", 0)


def test_a_plan_that_is_refused_is_a_failure_and_not_tried_again_at_once(
    follower: CatalogFollower, file: Path
) -> None:
    file.write_text("manager: team-a\nmodels: [{id: a, protected: true}]\n")
    follower.apply()
    file.write_text("manager: team-a\nmodels: []\n")
    assert not follower.apply()
    assert follower.following.error is not None
    assert "protected" in follower.following.error


@pytest.mark.parametrize("error", [ConflictError("moved"), StorageUnavailableError("away")])
def test_what_may_succeed_the_next_time_is_raised(
    follower: CatalogFollower, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(_planned: Planned) -> None:
        raise error

    monkeypatch.setattr(follower._service, "apply", refuse)
    with pytest.raises(type(error)):
        follower.apply()


def test_files_of_several_managers_are_applied_together(empty: Installation, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"manager: team-{name}\nmodels: [{{id: {name}}}]\n")
    follower = CatalogFollower(str(tmp_path), Files(empty).service)
    assert follower.apply()
    assert [item.model.id for item in empty.catalog.list()] == ["a", "b"]


def test_a_folder_that_is_swapped_while_it_is_read_changes_nothing_until_it_is_read_as_a_whole(
    empty: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that moves from one file to the other is in neither, if each is read at another time."""
    for version, (one, two) in {"1": ("[]", "[{id: moved}]"), "2": ("[{id: moved}]", "[]")}.items():
        (tmp_path / version).mkdir()
        (tmp_path / version / "a.yaml").write_text(f"manager: a\nmodels: {one}\n")
        (tmp_path / version / "b.yaml").write_text(f"manager: a\nmodels: {two}\n")
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "..data").symlink_to(tmp_path / "1")
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / "mounted" / name).symlink_to(Path("..data", name))
    following = CatalogFollower(str(tmp_path / "mounted"), Files(empty).service)
    assert following.apply()

    def swap() -> None:
        (tmp_path / "new").symlink_to(tmp_path / "2")
        (tmp_path / "new").rename(tmp_path / "mounted" / "..data")

    def load_half(paths: list[str]) -> list[Manifest]:
        earlier = load_manifests([f"{paths[0]}/a.yaml"])
        swap()
        later = load_manifests([f"{paths[0]}/b.yaml"])
        return [earlier[0].joined(later[0])]

    with monkeypatch.context() as patching:
        patching.setattr(follow, "load_manifests", load_half)
        assert not following.apply()
    assert Files(empty).ids() == ["moved"]
    assert following.following.error is None
    assert following.apply()
    assert Files(empty).ids() == ["moved"]


def test_a_pipe_is_a_fault_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(ManifestError) as raised:
        load_manifests([str(tmp_path)])
    assert "is not a file" in str(raised.value.faults[0])
