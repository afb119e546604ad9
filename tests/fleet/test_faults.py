"""Whatever breaks around the replicas, readers do not notice, and nothing that was acknowledged is lost."""

from contextlib import AbstractContextManager
from typing import Final

from tests.fleet import propagation
from tests.fleet.faults import possible
from tests.fleet.report import harm_of
from tests.fleet.stage import REPLICAS, Stage, staged
from tests.fleet.trial import try_faults
from tests.tiers import exhaustive, repeated


def _staged(*, replicas: int = repeated(2, REPLICAS), moves_clocks: bool = False) -> AbstractContextManager[Stage]:
    """With longer pauses between requests and between changes: other tests need the processor, too.

    The first tier has two replicas, so that one answers while the other is killed.
    """
    return staged(replicas=replicas, read_pause=0.1, write_pause=0.1, moves_clocks=moves_clocks)


#: One at each side, which the first tier tries; the fleet takes longer to start than either.
_QUICK: Final = ("replicas killed with -9", "PostgreSQL killed with -9")


def test_no_fault_fails_a_read_or_loses_a_change() -> None:
    with _staged() as stage:
        _try(stage, [name for name in possible(stage) if repeated(name in _QUICK, True)])
        assert stage.writer.refused, "the database was never away"


@exhaustive
def test_neither_do_clocks_that_jump() -> None:
    with _staged(replicas=2, moves_clocks=True) as stage:  # each of which is started afresh
        _try(stage, ["clocks of replicas jump"])


def _try(stage: Stage, names: list[str]) -> None:
    for outcome in try_faults(stage, names, 1.5):
        assert not harm_of(outcome), outcome
        assert outcome.sent > 20, outcome
        assert outcome.acknowledged >= 5, outcome


def test_a_change_and_a_disabled_key_reach_every_replica_with_and_without_notifications() -> None:
    with _staged() as stage, stage.writer.resting():
        heard = propagation.measure(stage, repeated(5, 20)), propagation.measure_keys(stage, repeated(3, 5))
        stage.proxy.loses_notifications = True
        unheard = propagation.measure(stage, repeated(5, 10)), propagation.measure_keys(stage, 3)
    for told in (*heard, *unheard):
        assert 0 < told.median <= told.slowest
