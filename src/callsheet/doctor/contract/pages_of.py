"""What rules about lists have in common: to ask for a page, and to name ids."""

from collections import Counter

from callsheet.doctor.contract.rule import FaultError, expect, expect_status
from callsheet.doctor.probe.exchange import quoted
from callsheet.doctor.probe.listing import Listing, read_listing
from callsheet.doctor.probe.server import Subject


def page_of(subject: Subject, query: str, *, again: bool = False) -> Listing:
    """Return a page of the list.

    Raises
    ------
    FaultError
        There is none.
    """
    target = f"/v1/models?{query}"
    exchange = subject.ask(target, again=again)
    expect_status(exchange, 200, what=f"`{query}`")
    listing = read_listing(exchange)
    if listing is None:
        raise FaultError(f"`{query}` does not return a list.", exchange)
    return listing


def expect_ids(found: list[str], wanted: list[str], what: str) -> None:
    """Raise `FaultError` unless these are the ids that were wanted; ``what`` begins the sentence."""
    shown = named(found) if found else "none"
    expect(found == wanted, f"{what[:1].upper()}{what[1:]} {shown}, not {named(wanted) or 'none'}.")


def each_once(ids: list[str]) -> list[str]:
    """Return each id once; another rule is about ids that come twice."""
    return list(dict.fromkeys(ids))


def repeated_in(ids: list[str]) -> list[str]:
    """Return the ids that come more than once."""
    return [model_id for model_id, times in Counter(ids).items() if times > 1]


def named(ids: list[str]) -> str:
    """Return the first few ids as a sentence holds them."""
    shown = ", ".join(map(quoted, ids[:4]))
    return f"{shown} and {len(ids) - 4} more" if len(ids) > 4 else shown
