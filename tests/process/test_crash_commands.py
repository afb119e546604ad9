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


#: The same on PostgreSQL, which has its own tests for what happens within a transaction.
LEAST_ON_POSTGRESQL = {"migrate": 5, "copy": 5, "backup": 8, "restore": 8}


def kill_everywhere(trial: str, folder: Path, *server: str) -> list[str]:
    """Run a trial; return the points at which it was killed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.process.killer", trial, str(folder), *server],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout.splitlines()


@pytest.mark.parametrize("trial", TRIALS)
def test_a_command_that_is_killed_anywhere_completes_when_it_is_run_again(tmp_path: Path, trial: str) -> None:
    assert len(kill_everywhere(trial, tmp_path)) >= LEAST[trial]


@pytest.mark.parametrize("trial", LEAST_ON_POSTGRESQL)
def test_a_command_on_postgresql_that_is_killed_anywhere_completes_when_it_is_run_again(
    tmp_path: Path, postgres: Databases, trial: str
) -> None:
    points = kill_everywhere(trial, tmp_path, postgres.url)
    assert len(points) >= LEAST_ON_POSTGRESQL[trial], points
