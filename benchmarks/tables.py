"""The results as Markdown."""

from collections.abc import Callable, Iterable
from typing import Final

from benchmarks.changes import PER_SECOND
from benchmarks.charts import NAMES, Chart
from benchmarks.claims.figure import section
from benchmarks.codings import Coded
from benchmarks.contenders.nginx import same_job_configuration
from benchmarks.costs import Cost
from benchmarks.crowd import Gathered
from benchmarks.growth import KINDS, POLL_SECONDS, Grown
from benchmarks.in_turn import Asked
from benchmarks.markdown import table
from benchmarks.requests import AS_IT_IS, AS_SDKS_ASK, TITLES, Kind
from benchmarks.results import Results
from benchmarks.rounds import Comparison, Figures, Standing
from benchmarks.starting import Started
from benchmarks.workers import CONNECTIONS as WORKERS_CONNECTIONS
from benchmarks.workers import Crew

_CANNOT: Final = "–"  # noqa: RUF001  # a dash

_ASKED: Final = "R, L, T and P ask a catalogue of {small:,} models, X and N one of {large:,}. Bodies: {bodies}."

_SAME_JOB: Final = "What nginx is given to do the same job with an access log, beside files of pages and models:"

_EVERYTHING: Final = (
    "Everything measured. Rate in requests per second; p50, p99 and processor time per request in microseconds; "
    "start to first answer and memory with the small catalogue, started once:"
)

_GROWTH: Final = (
    "*Start*: from starting the process to its first list. *One change*: from its commit by another process to the "
    f"first answer that shows it, looking for changes every {POLL_SECONDS * 1000:g} ms "
    f"(`--poll-seconds {POLL_SECONDS:g}`). *p99.9*: of list 20 while {PER_SECOND} changes a second are asked for, "
    "without changes, and of nginx, files, at its best, each time side by side: what the machine does to everybody."
)

_CODINGS: Final = (
    f"The same requests as they are (`{AS_IT_IS}`), and with what the official SDKs of Python send "
    f"(`{AS_SDKS_ASK}`). L and X are asked for again and again, each page of N once, so that Callsheet does "
    "not compress it. The ratio is to *nginx, files, at its best*, as it is, in the same round."
)

_IN_TURN: Final = (
    "In process, without a connection or a cache of answers: list 20 of the small catalogue for another key each "
    "time, each known. Local keys each have a workspace with rules that no other has; each delegated key was "
    "granted 20 models that hardly any other was. Memory is what Callsheet counts."
)

_CROWD: Final = (
    "List 20 of the small catalogue. No two workspaces have the same rules, so each has its own view; "
    "memory is that after all of them were asked."
)

_WORKERS: Final = (
    f"Here nothing is pinned: workers and wrk (one thread, {WORKERS_CONNECTIONS} connections) share all cores, "
    "so what wrk needs is missing to the second worker. *Busy* says how many cores each side kept busy."
)


def write(results: Results, charts: dict[Chart, str]) -> str:
    """Return the generated part of the page; ``charts`` says where each picture is."""
    options = results.options
    parts = [" ".join(results.machine)]
    if options.quick:
        parts.append("**A quick run: it proves that the benchmark works. Its figures mean nothing.**")
    parts.append(f"Medians of {options.rounds} interleaved rounds, {options.seconds:g} s each.")
    if results.comparison is not None:
        parts += _comparison(results.comparison, results, charts)
    if results.codings is not None:
        parts += _codings(results.codings)
    if results.costs is not None:
        parts += _costs(results.costs)
    if results.started is not None:
        parts += _started(results.started)
    if results.growth is not None:
        parts += _growth(results.growth, charts)
    if results.crowd is not None:
        parts += _crowd(results.crowd)
        parts += _in_turn(results.in_turn or [])
    if results.crews is not None:
        parts += _crews(results.crews)
    if results.claims is not None:
        parts += section(results.claims)
    return "\n\n".join(parts) + "\n"


def _comparison(comparison: Comparison, results: Results, charts: dict[Chart, str]) -> list[str]:
    options, sizes = results.options, comparison.body_bytes
    bodies = ", ".join(f"{kind} {sizes[kind]:,} bytes" for kind in Kind)
    parts = [
        "## Side by side",
        _ASKED.format(small=options.small.size, large=options.large.size, bodies=bodies),
        _pictures([*(NAMES[kind] for kind in Kind), Chart.CPU], charts),
        "Requests per second, as a ratio to *nginx, files, at its best* in the same round:",
        _kinds_table(comparison, lambda figures: f"{figures.ratio:.{_digits(figures.ratio)}f}"),
        _SAME_JOB,
        f"<!-- not run: it is a part of nginx's configuration -->\n```nginx\n{same_job_configuration()}\n```",
        _EVERYTHING,
        table(
            ["", "kind", "rate", "ratio", "p50", "p99", "CPU", "start, s", "RSS, MiB"],
            [row for standing in comparison.standings for row in _rows(standing)],
        ),
    ]
    reasons = [
        f"{each.contender.title}: not available, {each.why_not}." for each in comparison.standings if each.why_not
    ]
    return [*parts, *reasons]


def _kinds_table(comparison: Comparison, show: Callable[[Figures], str]) -> str:
    head = ["", *(f"{kind} {TITLES[kind]}" for kind in Kind)]
    rows = []
    for each in comparison.standings:
        if each.why_not:
            cells = ["not available"] * len(Kind)
        else:
            cells = [show(each.figures[kind]) if kind in each.figures else _CANNOT for kind in Kind]
        rows.append([each.contender.title, *cells])
    return table(head, rows)


def _digits(ratio: float) -> int:
    return 2 if ratio >= 0.1 else 3 if ratio >= 0.01 else 5


def _rows(standing: Standing) -> Iterable[list[str]]:
    title = standing.contender.title
    if standing.why_not:
        yield [title, "all", *["not available"] * 7]
        return
    whole = [f"{standing.start_seconds:.2f}", f"{standing.resident_mib:.0f}"]
    for kind in Kind:
        figures = standing.figures.get(kind)
        yield [title, kind.value, *([_CANNOT] * 5 if figures is None else _cells(figures)), *whole]


def _cells(figures: Figures) -> list[str]:
    ratio = f"{figures.ratio:.{_digits(figures.ratio)}f}"
    return [f"{figures.rate:,.0f}", ratio, f"{figures.p50:,.0f}", f"{figures.p99:,.0f}", f"{figures.cpu:,.1f}"]


def _codings(codings: list[Coded]) -> list[str]:
    head = ["", "kind", "`accept-encoding`", "bytes sent", "rate", "ratio", "p50", "p99", "CPU"]
    rows = [
        [
            each.title,
            each.kind.value,
            f"`{each.accepted}`",
            f"{each.sent_bytes:,}",
            *_cells(Figures(each.rate, each.ratio, each.p50, each.p99, each.cpu)),
        ]
        for each in codings
    ]
    return ["## Compressed, or not", _CODINGS, table(head, rows)]


def _costs(costs: list[Cost]) -> list[str]:
    head = ["every answer, in process", "µs"]
    return ["## What the parts cost", table(head, [[cost.part, f"{cost.microseconds:.2f}"] for cost in costs])]


def _started(started: Started) -> list[str]:
    return [
        "## Cold start",
        table(
            ["`callsheet serve` to first answer, s", "RSS, MiB", "`callsheet --version`, s"],
            [
                [
                    f"{started.first_answer_seconds:.2f}",
                    f"{started.resident_mib:.0f}",
                    f"{started.version_seconds:.3f}",
                ]
            ],
        ),
    ]


def _growth(growth: list[Grown], charts: dict[Chart, str]) -> list[str]:
    head = ["models", "start, s", "RSS, MiB", "one change, ms", "slowest, ms"]
    head += ["p99.9, ms", "without, ms", "nginx, ms", "changes per s"]
    head += [f"{kind} p50 · p99, µs" for kind in KINDS]
    rows = []
    for grown in growth:
        times = [*grown.applied, *grown.tail]
        rows.append(
            [f"{grown.size:,}", f"{grown.start_seconds:.2f}", f"{grown.resident_mib:,.0f}"]
            + [f"{value:.1f}" for value in times]
            + [f"{grown.latency[kind].p50:,.0f} · {grown.latency[kind].p99:,.0f}" for kind in KINDS]
        )
    return [
        "## Growth",
        _GROWTH,
        _pictures([Chart.START, Chart.MEMORY, Chart.CHANGE, Chart.LATENCY], charts),
        table(head, rows),
    ]


def _crowd(crowd: list[Gathered]) -> list[str]:
    head = ["keys", "workspaces", "start, s", "RSS, MiB", "one key: p50 · p99, µs", "CPU, µs"]
    head += ["another key each time: p50 · p99, µs", "CPU, µs"]
    rows = []
    for each in crowd:
        row = [f"{each.keys:,}", f"{each.workspaces:,}", f"{each.start_seconds:.2f}", f"{each.resident_mib:,.0f}"]
        for run in (each.one_key, each.every_key):
            cells = (
                [_CANNOT] * 2
                if run is None
                else [f"{run.p50:,.0f} · {run.p99:,.0f}", f"{run.cpu_microseconds:.1f}"]
            )
            row += cells
        rows.append(row)
    return ["## A crowd of keys", _CROWD, table(head, rows)]


def _in_turn(asked: list[Asked]) -> list[str]:
    head = ["keys", "number", "CPU, µs", "views, MiB", "grants, MiB"]
    rows = [
        [each.kind, f"{each.keys:,}", f"{each.microseconds:.1f}", f"{each.views_mib:.1f}", f"{each.grants_mib:.1f}"]
        for each in asked
    ]
    return ["### Delegated keys", _IN_TURN, table(head, rows)]


def _crews(crews: list[Crew]) -> list[str]:
    return [
        "## Two workers against one",
        _WORKERS,
        table(
            ["workers", "kind", "rate", "ratio to one", "CPU per request, µs", "busy: servers", "busy: wrk"],
            [
                [
                    str(crew.workers),
                    crew.kind.value,
                    f"{crew.rate:,.0f}",
                    f"{crew.ratio:.2f}",
                    f"{crew.cpu:.1f}",
                    f"{crew.server_cores:.2f}",
                    f"{crew.load_cores:.2f}",
                ]
                for crew in crews
            ],
        ),
    ]


def _pictures(wanted: Iterable[Chart], charts: dict[Chart, str]) -> str:
    return "\n".join(f"![{chart.value}]({charts[chart]})" for chart in wanted if chart in charts)
