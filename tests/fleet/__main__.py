"""scripts/chaos: faults, propagation, a soak and hostile streams, as tables.

scripts/chaos --write            everything, into docs/reliability.md: a quarter of an hour
scripts/chaos --only faults      faults, propagation, soak, or hostile
scripts/chaos --seconds 2        how long each fault lasts
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.cores import share_out
from benchmarks.machine import describe
from tests.fleet import propagation, report
from tests.fleet.faults import FAULTS, possible
from tests.fleet.propagation import Propagated
from tests.fleet.report import Report
from tests.fleet.soak import soak
from tests.fleet.stage import staged
from tests.fleet.trial import try_faults
from tests.hostile.long_run import attack

PAGE: Final = Path(__file__).parents[2] / "docs" / "reliability.md"

_BEGIN: Final = "<!-- measured: begin -->\n"
_END: Final = "<!-- measured: end -->\n"
_SHOWN: Final = 20  # complaints of a part


def main() -> int:
    """Do what the arguments say; return 1 if a requirement is not met."""
    options = _options()
    measured = [" ".join(describe(share_out()))]
    complaints: list[str] = []
    for name in options.only:
        made = PARTS[name](options)
        print(f"{made.table}\n", flush=True)
        measured.append(made.table)
        complaints += made.complaints[:_SHOWN]
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    if options.write:
        _write("\n\n".join(measured))
    return 1 if complaints else 0


def _faults(options: argparse.Namespace) -> Report:
    outcomes = []
    with staged() as stage:
        names = possible(stage)
        for name in set(FAULTS) - set(names):
            print(f"Not tried, as it takes root: {name}", file=sys.stderr)
        for outcome in try_faults(stage, names, options.seconds):
            outcomes.append(outcome)
            _progress(f"{len(outcomes)} of {len(names)} faults: {outcome.fault}")
    return report.of_faults(outcomes)


def _propagation(options: argparse.Namespace) -> Report:
    return report.of_propagation(
        _propagated(options.changes, loses_notifications=False),
        _propagated(options.changes, loses_notifications=True),
    )


def _propagated(changes: int, *, loses_notifications: bool) -> dict[str, Propagated]:
    with staged() as stage:
        stage.proxy.loses_notifications = loses_notifications
        _progress(f"Propagation, {'without' if loses_notifications else 'with'} notifications…")
        with stage.writer.resting():
            return {
                "a change": propagation.measure(stage, changes),
                "a key disabled": propagation.measure_keys(stage, changes // 3),
            }


def _soak(options: argparse.Namespace) -> Report:
    with staged(replicas=1) as stage:
        stage.load.__exit__(None, None, None)
        _progress(f"Soak, {options.soak} s…")
        return report.of_soak(soak(stage.fleet.replicas[0], stage.key, options.soak))


def _hostile(options: argparse.Namespace) -> Report:
    tallies = {}
    for driver in ("--fast", "--no-fast"):
        _progress(f"{options.requests // 2:,} hostile streams, {driver}…")
        tallies[driver] = attack(driver, options.requests // 2, options.seed)
    return report.of_hostile(tallies)


PARTS: Final[dict[str, Callable[[argparse.Namespace], Report]]] = {
    "faults": _faults,
    "propagation": _propagation,
    "soak": _soak,
    "hostile": _hostile,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos", description="Breaks things around four replicas, and looks."
    )
    parser.add_argument("--seconds", type=float, default=5.0, metavar="S", help="how long each fault lasts (5)")
    parser.add_argument("--changes", type=int, default=300, metavar="N", help="changes that are followed (300)")
    parser.add_argument(
        "--soak", type=int, default=600, metavar="S", help="how long the soak lasts, in seconds (600)"
    )
    parser.add_argument("--requests", type=int, default=100_000, metavar="N", help="hostile streams (100,000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the hostile streams (1)")
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,…", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    given = parser.parse_args()
    given.only = given.only.split(",")
    unknown = sorted(set(given.only) - set(PARTS))
    if unknown:
        parser.error(f"--only: {', '.join(unknown)} is unknown; there are {', '.join(PARTS)}")
    if given.write and given.only != list(PARTS):
        parser.error("--write replaces all tables, so it takes all parts: leave out --only")
    return given


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


def _write(measured: str) -> None:
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    PAGE.write_text(f"{before}{_BEGIN}\n{measured}\n\n{_END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
