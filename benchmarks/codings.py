"""Codings: a page asked for again, and one asked for once, as it is and as official SDKs ask for it."""

import gzip
import http.client
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks.contenders import callsheet, nginx
from benchmarks.contenders.contender import Contender
from benchmarks.cores import Cores
from benchmarks.load import Measured, measure
from benchmarks.options import Options
from benchmarks.process import DEADLINE, Process
from benchmarks.requests import AS_IT_IS, AS_SDKS_ASK, Kind, headers, target
from benchmarks.rounds import Group, start_group
from benchmarks.terminal import progress

_CONTENDERS: Final = (callsheet.FAST, callsheet.ASGI, nginx.BEST, nginx.GZIP, nginx.GZIP_STATIC)

#: Of the small catalogue and of the large one. L and X are asked for again and again, each N once.
_KINDS: Final = ((Kind.LIST,), (Kind.LIST_1000, Kind.NEW_CURSOR))

_ACCEPTED: Final = (AS_IT_IS, AS_SDKS_ASK)

_Runs = dict[tuple[str, Kind, str], list[Measured]]


class Coded(NamedTuple):
    """Medians of one contender, kind and content coding; latencies and processor time in microseconds."""

    title: str
    kind: Kind
    accepted: str
    sent_bytes: int
    """Of a body, when it was asked for the second time; of a kind that is new each time, for the first."""
    rate: float
    ratio: float
    """To nginx at its best, which compresses nothing, in the same round."""
    p50: float
    p99: float
    cpu: float


def compare_codings(options: Options, cores: Cores, folder: Path) -> list[Coded]:
    """Measure in interleaved rounds."""
    contenders = [*_CONTENDERS]
    if options.beside is not None:
        contenders.insert(1, callsheet.beside(options.beside))
    found: list[Coded] = []
    with ExitStack() as stack:
        for name, kinds, ids in zip(("small", "large"), _KINDS, (options.small, options.many), strict=True):
            group = start_group(stack, contenders, kinds, ids, cores, folder / f"codings-{name}")
            runs: _Runs = {}
            for number in range(options.rounds):
                _round(group, contenders, number, options, cores, runs)
            found += [
                _coded(group, each, kind, accepted, runs)
                for kind in kinds
                for each in contenders
                for accepted in _ACCEPTED
            ]
    return found


def _round(
    group: Group, contenders: Sequence[Contender], number: int, options: Options, cores: Cores, runs: _Runs
) -> None:
    load = frozenset({cores.load})
    shift = number % len(contenders)
    for kind in group.kinds:
        for accepted in _ACCEPTED:
            for each in [*contenders[shift:], *contenders[:shift]]:
                progress(f"Codings, round {number + 1} of {options.rounds}, {kind}, {accepted}: {each.title}…")
                with group.running[each.name].thawed() as server:
                    if number == 0 and not options.quick:
                        measure(server, kind, group.prepared.ids, 1.0, load, accepted=accepted)
                    run = measure(server, kind, group.prepared.ids, options.seconds, load, accepted=accepted)
                runs.setdefault((each.name, kind, accepted), []).append(run)


def _coded(group: Group, contender: Contender, kind: Kind, accepted: str, runs: _Runs) -> Coded:
    own, best = runs[contender.name, kind, accepted], runs[nginx.BEST.name, kind, AS_IT_IS]
    with group.running[contender.name].thawed() as server:
        size = _sent_bytes(server, kind, accepted, group)
    return Coded(
        contender.title,
        kind,
        accepted,
        size,
        rate=median(run.rate for run in own),
        ratio=median(run.rate / other.rate for run, other in zip(own, best, strict=True)),
        p50=median(run.p50 for run in own),
        p99=median(run.p99 for run in own),
        cpu=median(run.cpu_microseconds for run in own),
    )


def _sent_bytes(server: Process, kind: Kind, accepted: str, group: Group) -> int:
    """How long the body is that such a request gets; it must hold what it should."""
    asked = target(kind, group.prepared.ids)
    connection = http.client.HTTPConnection("127.0.0.1", server.ports[kind], timeout=DEADLINE)
    try:
        connection.putrequest(
            "GET", f"{asked}&x=once" if kind is Kind.NEW_CURSOR else asked, skip_accept_encoding=True
        )
        for name, value in headers(accepted):
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        plain = gzip.decompress(body) if response.getheader("content-encoding") == "gzip" else body
    finally:
        connection.close()
    if plain != group.prepared.body(kind):
        raise RuntimeError(
            f"{kind} is answered wrongly, with {response.status}: {json.dumps(plain[:200].decode())}"
        )
    return len(body)
