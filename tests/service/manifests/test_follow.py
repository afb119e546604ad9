"""The follower: what it says of files that are right, wrong, in the way, or refused."""

import threading
from pathlib import Path

import pytest

from callsheet.domain.errors import ConflictError, StorageUnavailableError
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
