"""The systemd unit is valid, hardened, and starts what there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from callsheet.settings import load
from tests.deploy.tools import DEPLOY, tool
from tests.program import DEADLINE

UNIT = DEPLOY / "systemd" / "callsheet.service"

#: Where the unit expects the program.
PROGRAM = "/opt/callsheet/.venv/bin/callsheet"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the program of this environment in it."""
    copy = tmp_path / UNIT.name
    text = UNIT.read_text()
    assert f"ExecStart={PROGRAM} serve\n" in text
    copy.write_text(text.replace(PROGRAM, str(Path(sys.executable).parent / "callsheet")))
    return copy


def _analyze(*arguments: str) -> str:
    done = subprocess.run(
        [tool("systemd-analyze"), *arguments], capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_nothing_to_say_about_the_unit(unit: Path) -> None:
    assert _analyze("verify", str(unit)) == ""


def test_systemd_rates_the_exposure_as_ok(unit: Path) -> None:
    said = _analyze("security", "--offline=true", "--no-pager", "--threshold=15", str(unit))
    assert re.search(r"exposure level for callsheet.service: [01]\.\d OK", said), said


def test_the_settings_of_the_unit_are_settings_and_end_before_systemd_loses_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = UNIT.read_text()
    for name, value in re.findall(r"^Environment=(\w+)=(.+)$", text, re.MULTILINE):
        monkeypatch.setenv(name, value)
    settings = load().settings
    assert settings.database == "sqlite:////var/lib/callsheet/callsheet.db"
    patience = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert patience is not None
    assert settings.drain_seconds + settings.shutdown_seconds < int(patience[1])
