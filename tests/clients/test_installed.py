"""The tests run while clients are being installed, and wait for those that they use."""

import fcntl
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.clients import installed
from tests.clients.installed import STAMP, alone


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(installed, "CLIENTS", tmp_path)
    found = tmp_path / "some-client"
    found.mkdir()
    return found


def test_a_client_that_is_being_installed_is_waited_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, found = Event(), []
    lock = fcntl.flock

    def locking(file: int, operation: int) -> None:
        if operation == fcntl.LOCK_SH:
            waits.set()
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", locking)
    waiting = Thread(target=lambda: found.append(installed.installed("some-client")))
    with alone("some-client"):
        waiting.start()
        assert waits.wait(30)
        (folder / STAMP).write_text("")
    waiting.join(30)
    assert found == [folder]


def test_a_client_that_is_there_is_not_waited_for(folder: Path) -> None:
    (folder / STAMP).write_text("")
    with alone("some-client"):
        assert installed.installed("some-client") == folder


def test_another_client_that_is_being_installed_is_not_waited_for(folder: Path) -> None:
    with alone(), alone("another"):
        assert installed.installed("some-client") is None


def test_a_client_that_is_half_made_or_was_never_installed_is_not_there(folder: Path) -> None:
    assert installed.installed("some-client") is None
    with alone("some-client"):
        pass
    assert installed.installed("some-client") is None
    assert installed.installed("another") is None
