"""Play a client: send the requests that it sends, and report what its users see."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from callsheet.doctor.clients.findings import find_rejected_entry, findings_for
from callsheet.doctor.clients.rules import ClientRules, Way, page_size
from callsheet.doctor.clients.walk import MAX_WALK_PAGES, Ending, Send, WalkResult, walk
from callsheet.doctor.probe.headers import Headers
from callsheet.doctor.report import ClientReport, Play

#: Gives the headers that are added in a way of asking.
AddedHeaders = Callable[[Way], Headers]


def play_client(
    rules: ClientRules,
    send: Send,
    known: Sequence[str],
    added: AddedHeaders = lambda _way: (),
    max_pages: int = MAX_WALK_PAGES,
) -> ClientReport:
    """Return what a client makes of a server.

    Parameters
    ----------
    known
        Ids that the server lists; those that the client does not get are reported.
    added
        Gives the headers that the caller adds.
    max_pages
        Pages after which a walk is broken off, unless the client itself gives up after some number.
    """
    ids = tuple(known)
    plays = tuple(_play(rules, way, send, ids, added(way), max_pages) for way in rules.ways)
    return ClientReport(name=rules.name, title=rules.title, otherwise=rules.otherwise, plays=plays)


def _play(rules: ClientRules, way: Way, send: Send, known: tuple[str, ...], extra: Headers, max_pages: int) -> Play:
    result = walk(way, send, page_size(len(known)), extra, max_pages)
    shown = _shown(way, result)
    return Play(
        versions=way.versions,
        way=way.way,
        verified=not way.unverified,
        unverified=way.unverified,
        silent_if=way.silent_if,
        shown=None if shown is None else tuple(shown),
        names=tuple(map(way.name_of, shown.values())) if shown else (),
        listed=len(known),
        requests=len(result.exchanges),
        seconds=round(max((each.seconds for each in result.exchanges), default=0.0), 4),
        seconds_allowed=way.seconds,
        findings=tuple(findings_for(rules, way, result, known)),
    )


def _shown(way: Way, result: WalkResult) -> dict[str, Mapping[str, Any]] | None:
    """Return the models that a user sees, each once, by id; None if the client has no list to show."""
    if result.ending not in (Ending.DONE, Ending.STOPPED, Ending.BROKEN_OFF):
        return None
    if find_rejected_entry(way, result) is not None:
        return {}
    shown: dict[str, Mapping[str, Any]] = {}
    for page in result.pages:
        for model in page.models:
            if way.why_dropped(model) is None:
                shown.setdefault(model["id"], model)
    return shown
