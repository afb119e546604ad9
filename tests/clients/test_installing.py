"""Installing clients while a command runs: whatever fails, the command goes on, and the end says what it was."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.clients import install, installed

#: Runs the installer with nothing to install.
_NOTHING: Final = """
import pathlib, sys
from tests.clients import install, installed
install.CLIENTS = installed.CLIENTS = pathlib.Path(sys.argv.pop(1))
install._installations = lambda *, whole: iter(())
sys.exit(install.main())
"""

#: Takes a moment to end when it is interrupted, as pytest does.
_SLOW: Final = """
import pathlib, signal, sys
def end(*_):
    sys.stdin.readline()
    pathlib.Path(sys.argv[1]).touch()
    sys.exit(5)
signal.signal(signal.SIGINT, end)
print("ready", flush=True)
signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(installed, "CLIENTS", tmp_path)
    monkeypatch.setattr(install, "CLIENTS", tmp_path)
    return tmp_path


def test_whatever_fails_is_said_at_the_end_and_nothing_waits_for_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(_: Path) -> None:
        raise OSError("No space left on device")

    def fails(_: Path) -> None:
        install._run([sys.executable, "-c", "import sys; sys.stdout.buffer.write(b'\\xff'); sys.exit(1)"])

    wanted = [install._Installation(f"client-{number}", [Path(__file__)], full) for number in range(20)]
    wanted += [install._Installation("good", [Path(__file__)], Path.mkdir)]
    wanted += [install._Installation("wrong", [Path(__file__)], fails)]
    monkeypatch.setattr(install, "_installations", lambda **_: iter(wanted))
    monkeypatch.setattr(sys, "argv", ["install", "--", sys.executable, "-c", "print('the command')"])
    assert install.main() == 1
    said = capfd.readouterr()
    assert "the command" in said.out
    assert said.err.count("could not be installed") == 21
    assert "No space left on device" in said.err
    assert installed.installed("client-19") is None
    assert installed.installed("good") == folder / "good"


def test_who_interrupts_it_gets_the_prompt_back_when_the_command_has_ended(tmp_path: Path) -> None:
    """Else the folder for temporary files would be removed while the tests still write there."""
    ended = tmp_path / "ended"
    command = [sys.executable, "-c", _NOTHING, str(tmp_path), "--", sys.executable, "-c", _SLOW, str(ended)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does it
        running.stdin.write("\n")
        running.stdin.flush()
        assert running.wait(60) in (5, 130)
        assert ended.exists()
