"""What the users of each client see."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from callsheet.cli.output.diagnosis.findings import finding_lines
from callsheet.cli.output.diagnosis.versions import who
from callsheet.cli.output.diagnosis.words import first_names, worst_mark
from callsheet.doctor.report import ClientReport, Play


def client_lines(clients: Sequence[ClientReport], *, verbose: bool) -> Iterator[str]:
    """Yield a table of the clients, the names that they show, the findings, and footnotes."""
    yield from ("", "## What the users of each client see", "")
    yield from ("| Client | Sees | Slowest answer | |", "|---|---|---|---|")
    for client in clients:
        for plays in same_outcome(client):
            first = plays[0]
            cells = who(client, plays), sees(first), slowest_answer(plays), worst_mark(first.findings)
            yield f"| {' | '.join(cells)} |"
    yield from _names_shown(clients)
    yield from finding_lines(clients)
    yield from _without_list(clients)
    yield from _unverified(clients, verbose=verbose)
    if verbose:
        yield from _silent(clients)


def sees(play: Play) -> str:
    """Return how many of the listed models a client shows."""
    return "no list" if play.shown is None else f"{len(play.shown)} of {play.listed} models"


def same_outcome(client: ClientReport) -> list[list[Play]]:
    """Return the ways of asking of a client in groups: those with the same models, names and findings."""
    groups: dict[object, list[Play]] = {}
    for play in client.plays:
        key = play.shown, play.names, tuple((finding.code, finding.models) for finding in play.findings)
        groups.setdefault(key, []).append(play)
    return list(groups.values())


def slowest_answer(plays: Iterable[Play]) -> str:
    """Return how long the slowest answer took, and how long the client waits."""
    slowest = max(plays, key=lambda play: play.seconds)
    allowed = slowest.seconds_allowed
    took = f"{slowest.seconds:.1f} s" if slowest.seconds >= 1 else f"{slowest.seconds * 1000:.0f} ms"
    return took if allowed is None else f"{took} of {allowed:g} s"


def _names_shown(clients: Iterable[ClientReport]) -> Iterator[str]:
    """Yield the names that users choose from, a line for all clients that show the same."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for client in clients:
        for plays in same_outcome(client):
            if plays[0].names:
                groups.setdefault(plays[0].names, []).append(who(client, plays))
    if groups:
        yield from ("", "The names they show:", "")
        for names, titles in groups.items():
            yield f"* {', '.join(titles)}: {first_names(names)}"


def _without_list(clients: Iterable[ClientReport]) -> Iterator[str]:
    without = [client for client in clients if any(map(_shows_nothing, client.plays))]
    if without:
        yield from ("", "What their users see instead:", "")
        yield from (f"* {client.title}: {client.otherwise}." for client in without)


def _shows_nothing(play: Play) -> bool:
    """Return whether a user is left without a list; not if the client asks for ever, or it is not known."""
    return not play.shown and not {"loops", "not-asked", "empty"} & {finding.code for finding in play.findings}


def _unverified(clients: Iterable[ClientReport], *, verbose: bool) -> Iterator[str]:
    lines = [
        f"* {who(client, plays)}: {text}."
        for client in clients
        for text, plays in _by_text(client, lambda play: play.unverified)
        if verbose or any(play.findings for play in plays)
    ]
    if lines:
        yield from ("", "Not verified about these clients:", "", *lines)


def _silent(clients: Iterable[ClientReport]) -> Iterator[str]:
    lines = [
        f"* {who(client, plays)}: if {text}."
        for client in clients
        for text, plays in _by_text(client, lambda play: play.silent_if)
    ]
    if lines:
        yield from ("", "When they do not ask for the list:", "", *lines)


def _by_text(client: ClientReport, text_of: Callable[[Play], str]) -> Iterable[tuple[str, list[Play]]]:
    """Return every text that is not empty, with the ways of asking that have it."""
    groups: dict[str, list[Play]] = {}
    for play in client.plays:
        if text := text_of(play):
            groups.setdefault(text, []).append(play)
    return groups.items()
