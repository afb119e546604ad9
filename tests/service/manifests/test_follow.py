"""Following files: what is half written, or half swapped, is never applied."""

import os
import threading
from pathlib import Path

import pytest

from callsheet.domain.errors import ManifestError
from callsheet.domain.manifest import Manifest
from callsheet.files.load import load_manifests
from callsheet.service.manifests import follow
from callsheet.service.manifests.follow import CatalogFollower
from callsheet.service.manifests.service import ManifestService
from tests.installation import Installation, now
from tests.program import wait_for
from tests.service.manifests.files import Files

WHOLE = "manager: team-a\nmodels:\n" + "".join(f"  - id: m{number}\n" for number in range(4))


@pytest.fixture
def files(empty: Installation) -> Files:
    return Files(empty)


def follower(files: Files, path: Path) -> CatalogFollower:
    return CatalogFollower(str(path), ManifestService(files.installation.store, "catalog", now, None))


def test_a_folder_that_is_swapped_while_it_is_read_changes_nothing_until_it_is_read_as_a_whole(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    following = follower(files, tmp_path / "mounted")
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
    assert files.ids() == ["moved"]
    assert following.following.error is None
    assert following.apply()
    assert files.ids() == ["moved"]


def test_a_file_that_is_still_being_written_is_not_read(files: Files, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(WHOLE)
    following = follower(files, file)
    following.start()
    seen: set[int] = set()
    try:
        wait_for(lambda: following.following.applied_at is not None)
        with file.open("w") as writing:
            for line in (WHOLE + "  - id: last\n").splitlines(keepends=True):
                writing.write(line)
                writing.flush()
                seen.add(len(files.ids()))
                threading.Event().wait(0.2)
        wait_for(lambda: len(files.ids()) == 5)
    finally:
        following.stop()
    assert seen == {4}


def test_a_pipe_is_a_fault_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(ManifestError) as raised:
        load_manifests([str(tmp_path)])
    assert "is not a file" in str(raised.value.faults[0])
