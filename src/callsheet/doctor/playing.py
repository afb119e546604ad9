"""Playing: what a client makes of a server, as a value; the asking and the judging stand elsewhere."""

from collections.abc import Sequence

from callsheet.doctor.judging import judge
from callsheet.doctor.report import ClientReport, Play
from callsheet.doctor.rules import ClientRules, Way, page_size
from callsheet.doctor.walking import Asking, Ending, walk


def play_client(rules: ClientRules, ask: Asking, known: Sequence[str]) -> ClientReport:
    """Return what a client makes of a server.

    Parameters
    ----------
    ask
        Sends a request.
    known
        Ids that the server lists, so that what a client does not get can be named.
    """
    plays = tuple(_play(rules, way, ask, tuple(known)) for way in rules.ways)
    return ClientReport(name=rules.name, title=rules.title, otherwise=rules.otherwise, plays=plays)


def _play(rules: ClientRules, way: Way, ask: Asking, known: tuple[str, ...]) -> Play:
    walked = walk(way, ask, page_size(len(known)))
    gets_list = walked.ending in (Ending.DONE, Ending.STOPPED, Ending.BROKEN_OFF)
    shown = dict.fromkeys(
        model["id"]
        for page in walked.pages
        for model in page.models
        if gets_list and way.why_dropped(model, rules.title) is None
    )
    return Play(
        versions=way.versions,
        way=way.way,
        verified=not way.unverified,
        unverified=way.unverified,
        shown=tuple(shown) if gets_list else None,
        listed=len(known),
        requests=len(walked.exchanges),
        seconds=round(max((each.seconds for each in walked.exchanges), default=0.0), 4),
        seconds_allowed=way.seconds,
        findings=tuple(judge(rules, way, walked, known)),
    )
