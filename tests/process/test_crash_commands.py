"""kill -9 wherever a command writes: it completes when it is run again, and nothing is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import Databases
from tests.process.trials import TRIALS

#: Enough for each to have been killed at everything it does; how many there are in all is for the trial to know.
LEAST = {
    "migrate": 20, "migrate-first-release": 3, "copy": 20, "copy-again": 15, "backup": 8, "restore": 30,
    "restore-damaged": 30,
}  # fmt: skip

DEADLINE = 300


def kill_everywhere(trial: str, folder: Path, urls: list[str]) -> list[str]:
    """Run a trial; return the points at which it was killed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.process.killer", trial, str(folder), *urls],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout.splitlines()


@pytest.mark.parametrize("trial", TRIALS)
def test_a_command_that_is_killed_anywhere_completes_when_it_is_run_again(tmp_path: Path, trial: str) -> None:
    assert len(kill_everywhere(trial, tmp_path, [])) >= LEAST[trial]


def test_a_copy_to_postgresql_that_is_killed_anywhere_completes_when_it_is_run_again(
    tmp_path: Path, postgres: Databases
) -> None:
    urls = [postgres.make() for _ in range(40)]
    points = kill_everywhere("copy", tmp_path, urls)
    assert len(points) >= 20
