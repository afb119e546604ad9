"""Reports: what came of each part of a run, as tables, and what of it is not as it must be."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.fleet.propagation import Propagated
from tests.fleet.soak import Soaked
from tests.fleet.stage import POLL_SECONDS, REPLICAS
from tests.fleet.trial import Outcome
from tests.hostile.run import Tally

#: Until all replicas equal the database again, in seconds.
CATCH_UP_SECONDS: Final = 2.0

#: Until the slowest replica has a change, in milliseconds, 99 times of 100: when it is told, and when it must ask.
P99_TOLD_MS: Final = 100.0
P99_ASKING_MS: Final = 1.5 * POLL_SECONDS * 1000

#: What a replica under load may grow by: a minute's memory in KiB, and file descriptors in all.
MOST_GROWTH_KIB: Final = 1024
MOST_DESCRIPTORS: Final = 5

_FAULTS: Final = (
    "fault",
    "reads sent",
    "reads failed",
    "changes acknowledged",
    "refused",
    "lost",
    "replicas differ",
    "equal again after, s",
)

_PROPAGATION: Final = (
    f"until the slowest of {REPLICAS} replicas has it, asking every {POLL_SECONDS * 1000:g} ms",
    "times",
    "median, ms",
    "p99, ms",
    "slowest, ms",
)

_SOAK: Final = (
    "soak, s",
    "most, requests/s",
    "asked, requests/s",
    "sent",
    "failed",
    "p99, ms",
    "RSS, MiB",
    "growth, KiB a minute",
    "descriptors",
)

_HOSTILE: Final = (
    "driver",
    "hostile streams",
    "served",
    "refused",
    "closed unanswered",
    "reset",
    "5xx",
    "hangs",
    "wrong answers",
    "good requests between, all answered",
    "slowest of those, s",
)


@dataclass
class Report:
    """One part of a run.

    Parameters
    ----------
    table
        In Markdown.
    complaints
        What is not as it must be, a sentence each; none if the part has passed.
    """

    table: str
    complaints: list[str] = field(default_factory=list)


def harm_of(outcome: Outcome) -> list[str]:
    """Return what a fault did, however busy the machine is: a failed read, something lost, a difference."""
    return [*outcome.failures, *outcome.lost, *outcome.differences]


def complaints_of(outcome: Outcome) -> list[str]:
    """Return in what a fault did harm, or was over too late; that is for a machine that has nothing else to do."""
    found = harm_of(outcome)
    if outcome.catch_up_seconds > CATCH_UP_SECONDS:
        found.append(f"equal again after {outcome.catch_up_seconds:.2f} s, not within {CATCH_UP_SECONDS:g}")
    return [f"{outcome.fault}: {sentence}" for sentence in found]


def of_faults(outcomes: Sequence[Outcome]) -> Report:
    """Return what came of the faults."""
    rows = [
        (
            outcome.fault,
            f"{outcome.sent:,}",
            f"{outcome.failed:,}",
            f"{outcome.acknowledged:,}",
            f"{outcome.refused:,}",
            f"{len(outcome.lost)}",
            f"{len(outcome.differences)}",
            f"{outcome.catch_up_seconds:.2f}",
        )
        for outcome in outcomes
    ]
    return Report(_table(_FAULTS, rows), [each for outcome in outcomes for each in complaints_of(outcome)])


def of_propagation(told: dict[str, Propagated], asking: dict[str, Propagated]) -> Report:
    """Return how long changes took, by what changed: of replicas that are told, and of those that must ask."""
    rows, complaints = [], []
    for bound, manner, all_taken in (
        (P99_TOLD_MS, "with LISTEN", told),
        (P99_ASKING_MS, "notifications lost", asking),
    ):
        for what, taken in all_taken.items():
            figures = taken.median, taken.p99, taken.slowest
            rows.append((f"{what}, {manner}", str(taken.changes), *(f"{figure:.0f}" for figure in figures)))
            if taken.p99 > bound:
                complaints.append(f"{what}, {manner}: p99 is {taken.p99:.0f} ms, not {bound:g} at most")
    return Report(_table(_PROPAGATION, rows), complaints)


def of_soak(soaked: Soaked) -> Report:
    """Return what came of the soak."""
    first, last = soaked.descriptors
    row = (
        f"{soaked.seconds:.0f}",
        f"{soaked.most:,.0f}",
        f"{soaked.rate:,.0f}",
        f"{soaked.sent:,}",
        f"{soaked.failed:,}",
        f"{soaked.p99_ms:.1f}",
        f"{soaked.resident_mib:.0f}",
        f"{soaked.slope_kib_per_minute:+.0f}",
        f"{first} → {last}",
    )
    complaints = []
    if soaked.failed:
        complaints.append(f"soak: {soaked.failed} requests failed")
    if soaked.slope_kib_per_minute > MOST_GROWTH_KIB:
        complaints.append(f"soak: memory grew by {soaked.slope_kib_per_minute:.0f} KiB a minute")
    if last > first + MOST_DESCRIPTORS:
        complaints.append(f"soak: descriptors grew from {first} to {last}")
    return Report(_table(_SOAK, [row]), complaints)


def of_hostile(tallies: dict[str, Tally]) -> Report:
    """Return what came of hostile streams, by driver."""
    rows = [
        (
            driver,
            f"{tally.sent:,}",
            f"{tally.served:,}",
            f"{tally.refused:,}",
            f"{tally.unanswered:,}",
            f"{tally.resets:,}",
            f"{tally.faults}",
            f"{tally.hangs}",
            f"{len(tally.wrong)}",
            f"{tally.good:,}",
            f"{tally.slowest:.2f}",
        )
        for driver, tally in tallies.items()
    ]
    return Report(
        _table(_HOSTILE, rows),
        [f"hostile streams, {driver}: {each}" for driver, tally in tallies.items() for each in tally.wrong],
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
