"""What rules about lists share: requesting a page, and naming ids."""

from collections import Counter

from callsheet.doctor.contract.rule import RuleBrokenError, expect, expect_status
from callsheet.doctor.probe.listing import Listing, read_listing
from callsheet.doctor.probe.server import Server
from callsheet.doctor.probe.texts import quoted


def page_of(server: Server, query: str, *, again: bool = False) -> Listing:
    """Return a page of the list.

    Raises
    ------
    RuleBrokenError
        The response is not a list.
    """
    target = f"/v1/models?{query}"
    exchange = server.request(target, again=again)
    expect_status(exchange, 200, what=f"`{query}`")
    listing = read_listing(exchange)
    if listing is None:
        raise RuleBrokenError(f"`{query}` does not return a list.", exchange)
    return listing


def expect_ids(found: list[str], wanted: list[str], what: str) -> None:
    """Raise `RuleBrokenError` unless ``found`` is ``wanted``; ``what`` begins the sentence."""
    shown = named(found) if found else "none"
    expect(found == wanted, f"{what[:1].upper()}{what[1:]} {shown}, not {named(wanted) or 'none'}.")


def each_once(ids: list[str]) -> list[str]:
    """Return each id once; that ids are listed once is another rule."""
    return list(dict.fromkeys(ids))


def repeated_in(ids: list[str]) -> list[str]:
    """Return the ids that are in ``ids`` more than once."""
    return [model_id for model_id, times in Counter(ids).items() if times > 1]


def named(ids: list[str]) -> str:
    """Return the first few ids, for a sentence."""
    shown = ", ".join(map(quoted, ids[:4]))
    return f"{shown} and {len(ids) - 4} more" if len(ids) > 4 else shown
