"""What is at a path, or an error if it cannot be known: the same on every Python."""

import errno
from pathlib import Path

import pytest

from callsheet.storage.file_status import is_folder, status_of


def test_a_file_has_a_status_and_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    status = status_of(tmp_path / "file")
    assert status is not None
    assert status.st_size == 5
    assert not is_folder(tmp_path / "file")
    assert is_folder(tmp_path)


def test_nothing_is_at_a_name_that_is_free_below_a_file_or_behind_a_link_to_itself(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path / "missing", tmp_path / "file" / "below", tmp_path / "loop"):
        assert status_of(path) is None
        assert not is_folder(path)


@pytest.mark.parametrize("ask", [status_of, is_folder])
def test_a_name_that_is_too_long_is_an_error_and_not_taken_for_a_file_that_is_missing(
    tmp_path: Path, ask: object
) -> None:
    assert callable(ask)
    with pytest.raises(OSError, match="too long") as raised:
        ask(tmp_path / ("n" * 300))
    assert raised.value.errno == errno.ENAMETOOLONG
