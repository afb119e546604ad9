"""scripts/bench: measure, and write the page.

scripts/bench                       everything, into docs/benchmarks.md
scripts/bench --quick               proves within two minutes that the benchmark works
scripts/bench --only callsheet,codings,growth
scripts/bench --only callsheet,codings --beside ../before    two checkouts, side by side
"""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks import tools
from benchmarks.claims.measure import measure_claims
from benchmarks.codings import compare_codings
from benchmarks.contenders import litellm
from benchmarks.contenders.everyone import EVERYONE
from benchmarks.cores import Cores, share_out
from benchmarks.costs import count_costs
from benchmarks.crowd import gather
from benchmarks.growth import grow
from benchmarks.in_turn import ask_in_turn
from benchmarks.machine import describe
from benchmarks.options import PARTS, Options
from benchmarks.page import PAGE, write_page
from benchmarks.requests import Numbered
from benchmarks.results import Results
from benchmarks.rounds import compare
from benchmarks.starting import time_starts
from benchmarks.terminal import progress
from benchmarks.workers import compare_workers


def main() -> None:
    """Do what the arguments say."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no server is left behind
    tools.provide()
    if not options.quick and options.wants(litellm.LITELLM.name):
        litellm.install()
    cores = share_out()
    with tempfile.TemporaryDirectory(prefix="callsheet-benchmark-") as folder:
        results = _measure(options, cores, Path(folder))
    write_page(results)
    progress("")
    print(f"Written: {options.output}")


def _measure(options: Options, cores: Cores, folder: Path) -> Results:
    contenders = any(options.wants(each.name) for each in EVERYONE)
    return Results(
        options,
        describe(cores),
        compare(options, cores, folder) if contenders else None,
        compare_codings(options, cores, folder) if options.wants("codings") else None,
        count_costs(quick=options.quick) if options.wants("costs") else None,
        time_starts(options, folder) if options.wants("start") else None,
        grow(options, cores, folder) if options.wants("growth") else None,
        gather(options, cores, folder) if options.wants("crowd") else None,
        ask_in_turn(options) if options.wants("crowd") else None,
        compare_workers(options, cores, folder) if options.wants("workers") else None,
        measure_claims(options, cores, folder) if options.wants("claims") else None,
    )


def _options() -> Options:
    names = [*(each.name for each in EVERYONE), *PARTS]
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures Callsheet and others side by side, and writes docs/benchmarks.md.",
    )
    parser.add_argument("--quick", action="store_true", help="only prove that the benchmark works")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds of which medians are taken (15; quick: 1)")
    parser.add_argument("--seconds", type=float, metavar="S", help="seconds of one run (0.4; quick: 0.1)")
    parser.add_argument("--only", default="", metavar="NAME,…", help=f"of {', '.join(names)}")
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="page to write; with --quick or --only else a temporary one"
    )
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="another checkout, measured beside this one")
    given = parser.parse_args()
    only = frozenset(filter(None, given.only.split(",")))
    unknown = sorted(only - set(names))
    if unknown:
        parser.error(f"--only: {', '.join(unknown)} is unknown; there are {', '.join(names)}")
    if given.beside is not None and not (given.beside / "src" / "callsheet").is_dir():
        parser.error(f"--beside: {given.beside} holds no checkout of Callsheet")
    if (given.rounds is not None and given.rounds < 1) or (given.seconds is not None and given.seconds <= 0):
        parser.error("--rounds and --seconds must be more than 0")
    quick: bool = given.quick
    return Options(
        quick=quick,
        rounds=given.rounds or (1 if quick else 15),
        seconds=given.seconds or (0.1 if quick else 0.4),  # so short that neighbours are disturbed alike
        only=only,
        output=given.output or (_temporary_page() if quick or only else PAGE),
        small=Numbered("claude-model-", 60),
        large=Numbered("claude-model-", 1500 if quick else 10_000),
        many=Numbered("claude-model-", 1500 if quick else 100_000),
        sizes=(60, 1000) if quick else (60, 1000, 10_000, 100_000, 1_000_000),
        crowd=(200, 20) if quick else (100_000, 10_000),
        source_sizes=(200, 1500) if quick else (10_000, 100_000),
        change_seconds=0.3 if quick else 10.0,
        beside=None if given.beside is None else given.beside.absolute(),
    )


def _temporary_page() -> Path:
    return Path(tempfile.mkdtemp(prefix="callsheet-benchmarks-")) / "benchmarks.md"


if __name__ == "__main__":
    main()
