"""What goes wrong for the users of a client, from the client's walk through the list; no request is sent here."""

from collections.abc import Iterator, Sequence

from callsheet.doctor.clients.entries import RejectedEntry, find_rejected
from callsheet.doctor.clients.finding import make_finding
from callsheet.doctor.clients.no_list import gives_up, looks_empty, loops, no_list, rejected
from callsheet.doctor.clients.rules import ClientRules, Way
from callsheet.doctor.clients.shown import findings_in_list
from callsheet.doctor.clients.walk import Ending, WalkResult
from callsheet.doctor.probe.wrappers import Wrapper
from callsheet.doctor.report import Finding, Level


def findings_for(rules: ClientRules, way: Way, result: WalkResult, known: Sequence[str]) -> Iterator[Finding]:
    """Yield what goes wrong for the users of a client that asks in this ``way``.

    Parameters
    ----------
    known
        Ids that the server lists.
    """
    if result.last is None or result.ending is Ending.NOT_ASKED:
        yield make_finding("not-asked", Level.NOTE, f"Not fully tested: {result.why}.")
    elif result.ending is Ending.NO_LIST:
        yield no_list(rules, way, result.last)
    elif result.ending is Ending.LOOPED:
        yield loops(result)
    elif result.ending is Ending.GAVE_UP:
        yield gives_up(rules, way, result)
    elif result.pages[0].wrapper is not Wrapper.OBJECT and not result.pages[0].models:
        yield looks_empty(rules, result.pages[0])
    elif (entry := find_rejected_entry(way, result)) is not None:
        yield rejected(rules, result.last, entry)
    else:
        yield from findings_in_list(way, result, known)


def find_rejected_entry(way: Way, result: WalkResult) -> RejectedEntry | None:
    """Return the entry for which the client rejects the list; None if there is no such entry."""
    if not way.every_entry:
        return None
    found = (find_rejected(page.entries, way.every_entry) for page in result.pages)
    return next(filter(None, found), None)
