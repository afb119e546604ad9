"""Trials: one fault after the other on a stage, and what each did to readers, changes and replicas."""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.fleet.faults import FAULTS
from tests.fleet.stage import Stage
from tests.program import wait_for


class Outcome(NamedTuple):
    """What a fault did.

    Parameters
    ----------
    fault
        Its name.
    sent, failed
        Reads of live replicas.
    acknowledged, refused
        Changes.
    lost
        Sentences on changes that are not as they were acknowledged.
    differences
        Sentences on replicas that are not as the database, and on a database that is not whole.
    catch_up_seconds
        From the end of the fault until all replicas equal the database.
    failures
        The first reads that failed, for people.
    """

    fault: str
    sent: int
    failed: int
    acknowledged: int
    refused: int
    lost: list[str]
    differences: list[str]
    catch_up_seconds: float
    failures: list[str]


def try_faults(stage: Stage, names: Iterable[str], seconds: float) -> Iterator[Outcome]:
    """Cause each fault for ``seconds``, and look what became of everything."""
    for name in names:
        load, writer = stage.load, stage.writer
        sent, failed, acknowledged, refused = load.sent, len(load.failures), writer.count, len(writer.refused)
        caught_up = stage.settle(FAULTS[name](stage, seconds))
        _wait_for_changes(stage)
        with writer.resting():
            differences, lost = stage.differences(), writer.lost()
        yield Outcome(
            name,
            load.sent - sent,
            len(load.failures) - failed,
            writer.count - acknowledged,
            len(writer.refused) - refused,
            lost,
            differences,
            caught_up,
            [str(failure) for failure in load.failures[failed:][:5]],
        )


def _wait_for_changes(stage: Stage) -> None:
    """Let changes be acknowledged again."""
    begun, goal = time.monotonic(), stage.writer.count + 5
    wait_for(lambda: stage.writer.count >= goal, f"changes that succeed {begun:.0f}: {stage.writer.refused[-1:]}")
