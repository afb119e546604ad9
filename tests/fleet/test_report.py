"""What is not as it must be is said, and nothing else is."""

from tests.fleet.propagation import Propagated
from tests.fleet.report import complaints_of, of_hostile, of_propagation, of_soak
from tests.fleet.soak import Soaked
from tests.fleet.trial import Outcome
from tests.hostile.run import Tally

HARMLESS = Outcome("nothing", 100, 0, 10, 2, [], [], 0.4, [])
QUICK = Propagated(40, 99, 130, 100)
STEADY = Soaked(600, 9000, 4500, 2_700_000, 0, 12, 76, 100, (274, 275))


def test_a_fault_that_did_no_harm_is_not_complained_of() -> None:
    assert complaints_of(HARMLESS) == []


def test_each_harm_of_a_fault_is_named() -> None:
    harm = HARMLESS._replace(lost=["a"], differences=["b"], failures=["c"], failed=1, catch_up_seconds=2.5)
    assert complaints_of(harm) == [
        "nothing: c",
        "nothing: a",
        "nothing: b",
        "nothing: equal again after 2.50 s, not within 2",
    ]


def test_propagation_is_bound_by_whether_replicas_are_told() -> None:
    slow = QUICK._replace(p99=140)
    assert of_propagation({"a change": QUICK}, {"a change": slow}).complaints == []
    assert of_propagation({"a change": slow}, {"a change": QUICK._replace(p99=151)}).complaints == [
        "a change, with LISTEN: p99 is 140 ms, not 100 at most",
        "a change, notifications lost: p99 is 151 ms, not 150 at most",
    ]


def test_a_soak_must_not_fail_or_grow() -> None:
    assert of_soak(STEADY).complaints == []
    grown = STEADY._replace(failed=1, slope_kib_per_minute=5000, descriptors=(274, 400))
    assert of_soak(grown).complaints == [
        "soak: 1 requests failed",
        "soak: memory grew by 5000 KiB a minute",
        "soak: descriptors grew from 274 to 400",
    ]


def test_wrong_answers_to_hostile_streams_are_shown() -> None:
    made = of_hostile({"--fast": Tally(sent=1000), "--no-fast": Tally(sent=1000, wrong=["status 500"])})
    assert made.complaints == ["hostile streams, --no-fast: status 500"]
    assert "| --fast | 1,000 |" in made.table
