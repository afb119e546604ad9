"""Playing: what a client makes of a server, as a value; the asking and the judging stand elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from callsheet.doctor.clients.findings import judge, why_thrown_away
from callsheet.doctor.clients.rules import ClientRules, Way, page_size
from callsheet.doctor.clients.walk import Asking, Ending, Walked, walk
from callsheet.doctor.probe.headers import Headers
from callsheet.doctor.report import ClientReport, Play

#: Gives the headers that a way of asking sends beside its own.
Adding = Callable[[Way], Headers]


def play_client(
    rules: ClientRules, ask: Asking, known: Sequence[str], adding: Adding = lambda _way: ()
) -> ClientReport:
    """Return what a client makes of a server.

    Parameters
    ----------
    ask
        Sends a request.
    known
        Ids that the server lists, so that what a client does not get can be named.
    adding
        Gives the headers that the caller adds.
    """
    plays = tuple(_play(rules, way, ask, tuple(known), adding(way)) for way in rules.ways)
    return ClientReport(name=rules.name, title=rules.title, otherwise=rules.otherwise, plays=plays)


def _play(rules: ClientRules, way: Way, ask: Asking, known: tuple[str, ...], extra: Headers) -> Play:
    walked = walk(way, ask, page_size(len(known)), extra)
    shown = _shown(way, walked)
    return Play(
        versions=way.versions,
        way=way.way,
        verified=not way.unverified,
        unverified=way.unverified,
        silent_if=way.silent_if,
        shown=None if shown is None else tuple(shown),
        names=tuple(map(way.name_of, shown.values())) if shown else (),
        listed=len(known),
        requests=len(walked.exchanges),
        seconds=round(max((each.seconds for each in walked.exchanges), default=0.0), 4),
        seconds_allowed=way.seconds,
        findings=tuple(judge(rules, way, walked, known)),
    )


def _shown(way: Way, walked: Walked) -> dict[str, Mapping[str, Any]] | None:
    """The models that a user sees, each once, by id; None without a list."""
    if walked.ending not in (Ending.DONE, Ending.STOPPED, Ending.BROKEN_OFF):
        return None
    if why_thrown_away(way, walked) is not None:
        return {}
    shown: dict[str, Mapping[str, Any]] = {}
    for page in walked.pages:
        for model in page.models:
            if way.why_dropped(model) is None:
                shown.setdefault(model["id"], model)
    return shown
