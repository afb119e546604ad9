"""Contenders side by side: interleaved rounds, each run compared with nginx at its best in the same round."""

import gzip
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.catalog import Prepared, make_database, prepare
from benchmarks.contenders.callsheet import beside, serve
from benchmarks.contenders.contender import Contender, Place
from benchmarks.contenders.everyone import BASELINE, EVERYONE
from benchmarks.cores import Cores
from benchmarks.load import Measured, measure
from benchmarks.options import Options
from benchmarks.process import Process, get
from benchmarks.requests import AS_SDKS_ASK, LARGE_KINDS, MODELS, SMALL_KINDS, Kind, Numbered, target
from benchmarks.terminal import progress


class Figures(NamedTuple):
    """Medians of one contender and kind; latencies and processor time in microseconds."""

    rate: float
    ratio: float
    p50: float
    p99: float
    cpu: float


class Standing(NamedTuple):
    """One contender: why it did not run, or what was measured of it."""

    contender: Contender
    why_not: str | None
    figures: dict[Kind, Figures]
    start_seconds: float
    resident_mib: float


class Comparison(NamedTuple):
    """All of them, and how large the bodies are in bytes."""

    standings: list[Standing]
    body_bytes: dict[Kind, int]


class Group(NamedTuple):
    """The running servers of one catalogue."""

    kinds: Sequence[Kind]
    prepared: Prepared
    running: dict[str, Process]
    chosen: list[Contender]


def compare(options: Options, cores: Cores, folder: Path) -> Comparison:
    """Measure every contender that is wanted and can run."""
    chosen = [each for each in EVERYONE if each is BASELINE or options.wants(each.name)]
    if options.beside is not None:
        chosen.insert(1, beside(options.beside))
    reasons = {each.name: each.why_not() for each in chosen}
    able = [each for each in chosen if reasons[each.name] is None]
    with ExitStack() as stack:
        groups = [
            start_group(stack, able, kinds, ids, cores, folder / name)
            for name, kinds, ids in (("small", SMALL_KINDS, options.small), ("large", LARGE_KINDS, options.large))
        ]
        runs: dict[tuple[str, Kind], list[Measured]] = {}
        for number in range(options.rounds):
            for group in groups:
                for kind in group.kinds:
                    _round(group, kind, number, options, cores, runs)
        return Comparison(
            [_standing(each, reasons[each.name], groups[0], runs) for each in chosen],
            {kind: len(group.prepared.body(kind)) for group in groups for kind in group.kinds},
        )


def start_group(
    stack: ExitStack, able: list[Contender], kinds: Sequence[Kind], ids: Numbered, cores: Cores, folder: Path
) -> Group:
    """Start a server of each contender that can answer any of ``kinds``, and stop it until it is measured."""
    folder.mkdir()
    database, models = folder / "callsheet.db", folder / "models.jsonl"
    make_database(database, ids)
    launch = serve(database)
    port = launch.ports[Kind.LIST]
    with Process(launch, cores.all, (port, f"{MODELS}?limit=20")):
        prepared = prepare(port, ids)
    prepared.write(models)
    running = {}
    fit = [each for each in able if each.kinds & set(kinds)]
    for each in fit:
        progress(f"Starting {each.title} with {ids.size:,} models…")
        own = folder / each.name
        own.mkdir()
        first = next(kind for kind in kinds if kind in each.kinds)
        began = each.launch(Place(own, prepared, database, models, kinds))
        process = Process(began, frozenset({cores.server}), (began.ports[first], target(first, ids)))
        running[each.name] = stack.enter_context(process)
        _check(each, process, kinds, prepared)
        process.freeze()
    return Group(kinds, prepared, running, fit)


def _check(contender: Contender, process: Process, kinds: Sequence[Kind], prepared: Prepared) -> None:
    """See that it answers what it should: the same bytes, or JSON at least."""
    for kind in kinds:
        if kind in contender.kinds:
            status, body = get(process.ports[kind], target(kind, prepared.ids))
            if status != 200 or (contender.same_bytes and body != prepared.body(kind)):
                raise RuntimeError(f"{contender.title} answers {kind} wrongly, with {status}: {body[:500]!r}")
            json.loads(body)
    if Kind.PROXIED in kinds and Kind.PROXIED in contender.kinds:
        _check_compressed(contender, process, prepared)


def _check_compressed(contender: Contender, process: Process, prepared: Prepared) -> None:
    """See that those who compress what is asked for again send the same bytes."""
    for _ in range(3):
        port, asked = process.ports[Kind.PROXIED], target(Kind.PROXIED, prepared.ids)
        _, body = get(port, asked, accepted=AS_SDKS_ASK)
    plain = prepared.body(Kind.PROXIED)
    if contender.same_bytes and body not in (plain, gzip.compress(plain, 6, mtime=0)):
        raise RuntimeError(f"{contender.title} answers those who accept gzip wrongly: {body[:500]!r}")


def _round(
    group: Group,
    kind: Kind,
    number: int,
    options: Options,
    cores: Cores,
    runs: dict[tuple[str, Kind], list[Measured]],
) -> None:
    able = [each for each in group.chosen if kind in each.kinds]
    shift = number % len(able)  # so that nobody always follows the same one
    for each in able[shift:] + able[:shift]:
        progress(f"Round {number + 1} of {options.rounds}, {kind}: {each.title}…")
        with group.running[each.name].thawed() as server:
            load = frozenset({cores.load})
            if number == 0 and not options.quick:
                measure(server, kind, group.prepared.ids, 1.0, load)  # to warm up
            run = measure(server, kind, group.prepared.ids, options.seconds, load)
        runs.setdefault((each.name, kind), []).append(run)


def _standing(
    contender: Contender, why_not: str | None, small: Group, runs: dict[tuple[str, Kind], list[Measured]]
) -> Standing:
    if why_not is not None:
        return Standing(contender, why_not, {}, 0.0, 0.0)
    figures = {
        kind: _figures(runs[contender.name, kind], runs[BASELINE.name, kind])
        for kind in Kind
        if kind in contender.kinds
    }
    process = small.running[contender.name]
    return Standing(contender, None, figures, process.start_seconds, process.resident_mib)


def _figures(own: list[Measured], baseline: list[Measured]) -> Figures:
    return Figures(
        rate=median(run.rate for run in own),
        ratio=median(run.rate / best.rate for run, best in zip(own, baseline, strict=True)),
        p50=median(run.p50 for run in own),
        p99=median(run.p99 for run in own),
        cpu=median(run.cpu_microseconds for run in own),
    )
