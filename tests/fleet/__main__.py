"""scripts/chaos: faults, propagation and a soak, as tables.

scripts/chaos                    everything, into docs/reliability.md: about half an hour
scripts/chaos --only faults      faults, propagation, soak, or hostile
scripts/chaos --seconds 2        how long each fault lasts
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks.cores import share_out
from benchmarks.machine import describe
from tests.fleet import propagation
from tests.fleet.faults import FAULTS, possible
from tests.fleet.propagation import Propagated
from tests.fleet.soak import Soaked, soak
from tests.fleet.stage import POLL_SECONDS, REPLICAS, staged
from tests.fleet.trial import Outcome, try_faults

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"

_BEGIN: Final = "<!-- measured: begin -->\n"
_END: Final = "<!-- measured: end -->\n"

#: What must be true, else the run has failed.
CATCH_UP_SECONDS: Final = 2.0
PARTS: Final = ("faults", "propagation", "soak")


def main() -> int:
    """Do what the arguments say; return 1 if a requirement is not met."""
    options = _options()
    parts, met = [], True
    if "faults" in options.only:
        outcomes = _try_faults(options.seconds)
        parts.append(_table(_FAULT_HEAD, map(_outcome_row, outcomes)))
        for outcome in outcomes:
            met &= is_met(outcome)
            _tell(outcome)
    if "propagation" in options.only:
        parts.append(_table(_PROPAGATION_HEAD, _propagation_rows(options.changes)))
    if "soak" in options.only:
        soaked = _soak(options.soak)
        parts.append(_table(_SOAK_HEAD, [_soak_row(soaked)]))
        met &= soaked.failed == 0
    measured = "\n\n".join([_machine(), *parts])
    print(measured)
    if options.write:
        _write(measured)
    return 0 if met else 1


def is_met(outcome: Outcome) -> bool:
    """Return whether a fault did no harm: no failed read, nothing lost, all equal in time."""
    return not (
        outcome.failed or outcome.lost or outcome.differences or outcome.catch_up_seconds > CATCH_UP_SECONDS
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos", description="Breaks things around four replicas, and looks."
    )
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="how long each fault lasts (5)")
    parser.add_argument("--changes", type=int, default=300, metavar="N", help="changes that are followed (300)")
    parser.add_argument(
        "--soak", type=int, default=600, metavar="S", help="how long the soak lasts, in seconds (600)"
    )
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,…", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    given = parser.parse_args()
    given.only = given.only.split(",")
    unknown = sorted(set(given.only) - set(PARTS))
    if unknown:
        parser.error(f"--only: {', '.join(unknown)} is unknown; there are {', '.join(PARTS)}")
    return given


def _try_faults(seconds: float) -> list[Outcome]:
    outcomes = []
    with staged() as stage:
        names = possible(stage)
        for name in set(FAULTS) - set(names):
            print(f"Not tried, as it takes root: {name}", file=sys.stderr)
        for outcome in try_faults(stage, names, seconds):
            outcomes.append(outcome)
            _progress(f"{len(outcomes)} of {len(names)} faults: {outcome.fault}")
    return outcomes


def _propagation_rows(changes: int) -> Iterable[Sequence[str]]:
    for name, loses in (("with LISTEN", False), ("notifications lost", True)):
        with staged() as stage:
            stage.proxy.loses_notifications = loses
            _progress(f"Propagation, {name}…")
            with stage.writer.resting():
                yield _propagated_row(f"a change, {name}", propagation.measure(stage, changes))
                yield _propagated_row(f"a key disabled, {name}", propagation.measure_keys(stage, changes // 3))


def _soak(seconds: int) -> Soaked:
    with staged(replicas=1) as stage:
        stage.load.__exit__(None, None, None)
        _progress(f"Soak, {seconds} s…")
        return soak(stage.fleet.replicas[0], stage.key, seconds)


_FAULT_HEAD: Final = (
    "fault",
    "reads sent",
    "reads failed",
    "changes acknowledged",
    "refused",
    "lost",
    "replicas differ",
    "equal again after, s",
)

_PROPAGATION_HEAD: Final = (
    f"until the slowest of {REPLICAS} replicas has it, asking every {POLL_SECONDS * 1000:g} ms",
    "times",
    "median, ms",
    "p99, ms",
    "slowest, ms",
)

_SOAK_HEAD: Final = (
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


def _outcome_row(outcome: Outcome) -> Sequence[str]:
    return (
        outcome.fault,
        f"{outcome.sent:,}",
        f"{outcome.failed:,}",
        f"{outcome.acknowledged:,}",
        f"{outcome.refused:,}",
        f"{len(outcome.lost)}",
        f"{len(outcome.differences)}",
        f"{outcome.catch_up_seconds:.2f}",
    )


def _propagated_row(name: str, told: Propagated) -> Sequence[str]:
    return name, str(told.changes), f"{told.median:.0f}", f"{told.p99:.0f}", f"{told.slowest:.0f}"


def _soak_row(soaked: Soaked) -> Sequence[str]:
    return (
        f"{soaked.seconds:.0f}",
        f"{soaked.most:,.0f}",
        f"{soaked.rate:,.0f}",
        f"{soaked.sent:,}",
        f"{soaked.failed:,}",
        f"{soaked.p99_ms:.1f}",
        f"{soaked.resident_mib:.0f}",
        f"{soaked.slope_kib_per_minute:+.0f}",
        f"{soaked.descriptors[0]} → {soaked.descriptors[1]}",
    )


def _machine() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}. " + " ".join(describe(share_out()))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _tell(outcome: Outcome) -> None:
    """Say what went wrong, for people."""
    for sentence in (*outcome.failures, *outcome.lost, *outcome.differences):
        print(f"{outcome.fault}: {sentence}", file=sys.stderr)


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def _write(measured: str) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    PAGE.write_text(f"{before}{_BEGIN}\n{measured}\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
