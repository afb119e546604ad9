"""kill -9 wherever a command writes: it completes when it is run again, and nothing is lost."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.postgres import Databases
from tests.process.killer import chosen
from tests.process.trials import TRIALS
from tests.program import run_program
from tests.tiers import first, repeated

#: Enough for each to have been killed at everything it does; how many there are in all is for the trial to know.
LEAST = {
    "migrate": 20, "migrate-first-release": 3, "copy": 20, "copy-again": 15, "backup": 8, "restore": 30,
    "restore-damaged": 30, "apply-file": 8, "sync-source": 10, "retire-due": 5,
}  # fmt: skip

#: The same where writes to different tables count as alike; each of these points is one of those, too.
LEAST_COARSELY = {
    "migrate": 8, "migrate-first-release": 3, "copy": 6, "copy-again": 6, "backup": 8, "restore": 14,
    "restore-damaged": 14, "apply-file": 4, "sync-source": 4, "retire-due": 3,
}  # fmt: skip

#: Those that take steps like those of another.
LIKE = ("copy-again", "restore-damaged", "retire-due")

DEADLINE = 300

KILLER = """
import sys
from pathlib import Path
from tests.process.killer import main
main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
"""


#: The same on PostgreSQL, which has its own tests for what happens within a transaction.
LEAST_ON_POSTGRESQL = {"migrate": 5, "copy": 5, "backup": 8, "restore": 8, "apply-file": 4, "sync-source": 4,
                       "retire-due": 3}  # fmt: skip


def kill_everywhere(trial: str, folder: Path, how: str, *server: str) -> list[str]:
    """Run a trial; return the points at which it was killed."""
    done = run_program(KILLER, trial, str(folder), how, *server, deadline=DEADLINE)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout.splitlines()


@given(st.lists(st.sampled_from(["INSERT INTO a", "INSERT INTO b", "SELECT 1", "COMMIT", "os.rename"])))
def test_finely_takes_every_point_that_coarsely_takes(labels: list[str]) -> None:
    assert {*chosen(labels, finely=False)} <= {*chosen(labels, finely=True)}


@pytest.mark.parametrize("trial", first(sorted(TRIALS, key=LIKE.__contains__), len(TRIALS) - len(LIKE)))
def test_a_command_that_is_killed_anywhere_completes_when_it_is_run_again(tmp_path: Path, trial: str) -> None:
    points = kill_everywhere(trial, tmp_path, repeated("sparsely", "finely"))
    assert len(points) >= repeated(LEAST_COARSELY[trial] // 2, LEAST[trial]), points


@pytest.mark.parametrize("trial", first(LEAST_ON_POSTGRESQL))
def test_a_command_on_postgresql_that_is_killed_anywhere_completes_when_it_is_run_again(
    tmp_path: Path, postgres: Databases, trial: str
) -> None:
    points = kill_everywhere(trial, tmp_path, repeated("sparsely", "coarsely"), postgres.url)
    assert len(points) >= LEAST_ON_POSTGRESQL[trial] // repeated(2, 1), points
