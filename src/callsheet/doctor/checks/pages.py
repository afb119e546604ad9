"""Section 3 of the contract: order and paging."""

import itertools
from typing import Final

from callsheet.doctor.checks.rule import FaultError, RuleBook, expect, expect_status, require
from callsheet.doctor.exchange import printable
from callsheet.doctor.reading import Listing, read_listing
from callsheet.doctor.report import Level
from callsheet.doctor.subject import Subject
from callsheet.doctor.times import read_instant

BOOK: Final = RuleBook(3, "Order and paging")


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def models_are_listed_once(subject: Subject) -> None:
    """No model is listed twice.

    Pickers show it twice.
    """
    ids = _page(subject, "limit=1000").ids
    repeated = sorted({model_id for model_id in ids if ids.count(model_id) > 1})
    expect(not repeated, f"{_names(repeated)} more than once.")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def order_is_stable(subject: Subject) -> None:
    """The order stays the same from answer to answer.

    Pages of an order that moves repeat models and skip others.
    """
    require(len(subject.ids) > 1, "fewer than two models are listed")
    first, again = _page(subject, "limit=1000"), _page(subject, "limit=1000", again=True)
    expect(first.ids == again.ids, "Two answers, a moment apart, have another order.")


@BOOK.rule(Level.WARNING, needs=("created-at-is-a-time", "order-is-stable"))
def newest_come_first(subject: Subject) -> None:
    """Newer models come first.

    Clients that show or take the first few expect the newest there.
    """
    require(len(subject.ids) > 1, "fewer than two models are listed")
    listing = _page(subject, "limit=1000")
    times = [(read_instant(model["created_at"]), model["id"]) for model in listing.models]
    for (newer, newer_id), (older, older_id) in itertools.pairwise(times):
        fits = newer is not None and older is not None and newer >= older
        expect(fits, f"`{printable(older_id)}` is newer than `{printable(newer_id)}` and comes after it.")


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def thousand_are_allowed(subject: Subject) -> None:
    """`limit=1000` is accepted, and gives all models of a smaller catalogue.

    Claude Code asks for them in one page.
    """
    page = _page(subject, "limit=1000")
    expect(set(page.ids) == set(subject.ids) or len(page.ids) == 1000, f"It gives {len(page.ids)} models.")


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def limit_is_honoured(subject: Subject) -> None:
    """`limit` is honoured.

    Clients page to keep answers small; one that gets more than it asked for cannot.
    """
    require(len(subject.ids) > 1, "fewer than two models are listed")
    page = _page(subject, "limit=1")
    expect(len(page.ids) == 1, f"limit=1 gives {len(page.ids)} models.")


@BOOK.rule(Level.WARNING, needs=("page-is-served", "order-is-stable"))
def limit_is_optional(subject: Subject) -> None:
    """Without a limit, the list begins as with one.

    Many clients send none.
    """
    listing = read_listing(subject.ask("/v1/models"))
    expect(listing is not None, "It answers with no list.")
    ids = _once(listing.ids) if listing else []
    expect(ids == subject.ids[: len(ids)] and bool(ids) == bool(subject.ids), "It answers with other models.")


@BOOK.rule(Level.ERROR, needs=("page-is-served", "order-is-stable"))
def after_id_continues(subject: Subject) -> None:
    """`after_id` gives the models directly after the cursor.

    Every SDK pages with it; where it is ignored, they ask for ever.
    """
    require(len(subject.ids) > 1, "fewer than two models are listed")
    page = _page(subject, f"limit=1&after_id={subject.cursor(0)}")
    _expect_ids(page.ids[:1], subject.ids[1:2], "the page after the first model begins with")


@BOOK.rule(Level.ERROR, needs=("limit-is-honoured",))
def has_more_is_true(subject: Subject) -> None:
    """`has_more` is true while older models remain.

    Clients stop at false, and show a part of the list for the whole.
    """
    require(len(subject.ids) > 1, "fewer than two models are listed")
    page = _page(subject, "limit=1")
    expect(page.has_more is True, f"With limit=1, {len(subject.ids) - 1} models remain, and has_more is not true.")


@BOOK.rule(Level.ERROR, needs=("page-is-served", "after-id-continues"))
def has_more_is_false(subject: Subject) -> None:
    """`has_more` is false on the last page.

    Clients go on while it is true; if the cursor then fails to end the list, for ever.
    """
    require(len(subject.ids) > 1, "fewer than two models are listed")
    page = _page(subject, f"limit=1000&after_id={subject.cursor(-2)}")
    expect(page.has_more is False, "After the last model but one, has_more is not false.")


@BOOK.rule(Level.ERROR, needs=("limit-is-honoured", "after-id-continues"))
def walk_meets_every_model(subject: Subject) -> None:
    """A walk from page to page meets every model once.

    That is what paging is for.
    """
    require(len(subject.ids) > 2, "fewer than three models are listed")
    size = -(-len(subject.ids) // 3)
    met = _page(subject, f"limit={size}").ids
    for _ in range(2):
        met += _page(subject, f"limit={size}&after_id={subject.quoted(met[-1])}").ids if met else []
    missed = [model_id for model_id in subject.ids if model_id not in met]
    expect(not missed, f"Pages of {size} leave out {_names(missed)}.")
    repeated = sorted({model_id for model_id in met if met.count(model_id) > 1})
    expect(not repeated, f"Pages of {size} repeat {_names(repeated)}.")


@BOOK.rule(Level.WARNING, needs=("limit-is-honoured", "order-is-stable"))
def before_id_is_adjacent(subject: Subject) -> None:
    """`before_id` gives the models directly before the cursor, newest first.

    SDKs walk backwards with it.
    """
    require(len(subject.ids) > 3, "fewer than four models are listed")
    page = _page(subject, f"limit=2&before_id={subject.cursor(-1)}")
    _expect_ids(page.ids, subject.ids[-3:-1], "the two models before the last are given as")


@BOOK.rule(Level.WARNING, needs=("before-id-is-adjacent",))
def has_more_looks_backwards(subject: Subject) -> None:
    """With `before_id`, `has_more` says whether newer models remain.

    SDKs that walk backwards stop at false.
    """
    require(len(subject.ids) > 3, "fewer than four models are listed")
    page = _page(subject, f"limit=2&before_id={subject.cursor(-1)}")
    expect(page.has_more is True, "Before the last model newer ones remain, and has_more is not true.")
    page = _page(subject, f"limit=1000&before_id={subject.cursor(1)}")
    expect(page.has_more is False, "Before the second model there is only the first, and has_more is not false.")


@BOOK.rule(Level.WARNING, needs=("page-is-served", "order-is-stable"))
def both_cursors_are_taken(subject: Subject) -> None:
    """`after_id` and `before_id` together give what lies between.

    The SDKs for Ruby, Java and C# send both while they walk.
    """
    require(len(subject.ids) > 2, "fewer than three models are listed")
    page = _page(subject, f"limit=1000&after_id={subject.cursor(0)}&before_id={subject.cursor(-1)}")
    _expect_ids(_once(page.ids), subject.ids[1:-1], "between the first model and the last are")


@BOOK.rule(Level.ERROR, needs=("page-is-served", "order-is-stable"))
def nothing_after_the_oldest(subject: Subject) -> None:
    """After the oldest model comes an empty page.

    The Java SDK and old Python ones ask for it at the end of every walk.
    """
    _expect_empty(subject, f"limit=1000&after_id={subject.cursor(-1)}")


@BOOK.rule(Level.WARNING, needs=("page-is-served", "order-is-stable"))
def nothing_before_the_newest(subject: Subject) -> None:
    """Before the newest model comes an empty page.

    Walks backwards end there.
    """
    _expect_empty(subject, f"limit=1000&before_id={subject.cursor(0)}")


@BOOK.rule(Level.NOTE, needs=("alias-is-resolved", "after-id-continues"))
def alias_is_a_cursor(subject: Subject) -> None:
    """An alias is a cursor, and means its model.

    It means its model everywhere else.
    """
    require(subject.alias, "no alias is known; name one with --alias")
    alias = subject.alias or ""
    meant = subject.retrieve(alias).json["id"]
    require(meant in subject.ids, "the model that the alias means is not listed")
    place = subject.ids.index(meant)
    page = _page(subject, f"limit=1&after_id={subject.quoted(alias)}")
    _expect_ids(page.ids, subject.ids[place + 1 : place + 2], f"after `{printable(alias)}` comes")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def aliases_are_not_listed(subject: Subject) -> None:
    """Aliases are not listed.

    Pickers would show one model under several names.
    """
    require(subject.alias, "no alias is known; name one with --alias")
    _page(subject, "limit=1000")
    expect(subject.alias not in subject.ids, f"`{printable(subject.alias or '')}` is in the list.")


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def lifecycle_filters(subject: Subject) -> None:
    """`lifecycle[]` filters, in every spelling that SDKs use.

    It is the only way to ask for what is about to retire.
    """
    require(any("lifecycle" in model for model in subject.models), "models have no lifecycle, as in 2025")
    for query in ("lifecycle[]=deprecated", "lifecycle%5B%5D=deprecated", "lifecycle=deprecated"):
        page = _page(subject, f"limit=1000&{query}")
        others = [model["id"] for model in page.models if model.get("lifecycle") != "deprecated"]
        expect(not others, f"`{query}` gives models that are not deprecated: {_names(others)}.", page.exchange)


@BOOK.rule(Level.WARNING, needs=("page-is-served",))
def retired_are_left_out(subject: Subject) -> None:
    """Retired models are listed only when asked for.

    Users pick them, and every message fails.
    """
    require(any("lifecycle" in model for model in subject.models), "models have no lifecycle, as in 2025")
    page = _page(subject, "limit=1000")
    retired = [model["id"] for model in page.models if model.get("lifecycle") == "retired"]
    expect(not retired, f"These are retired: {_names(retired)}.")


def _page(subject: Subject, query: str, *, again: bool = False) -> Listing:
    """A page of the list, which must come."""
    target = f"/v1/models?{query}"
    exchange = subject.ask(target, again=again)
    expect_status(exchange, 200)
    listing = read_listing(exchange)
    if listing is None:
        raise FaultError("It answers with no list.", exchange)
    return listing


def _expect_ids(found: list[str], wanted: list[str], what: str) -> None:
    shown = _names(found) if found else "none"
    expect(found == wanted, f"{what[:1].upper()}{what[1:]} {shown}, not {_names(wanted) or 'none'}.")


def _expect_empty(subject: Subject, query: str) -> None:
    require(subject.ids, "no model is listed")
    page = _page(subject, query)
    expect(not page.ids, f"It gives {len(page.ids)} models, beginning with {_names(page.ids[:1])}.")


def _once(ids: list[str]) -> list[str]:
    """Each id once; that it comes twice is told by a rule of its own."""
    return list(dict.fromkeys(ids))


def _names(ids: list[str]) -> str:
    shown = ", ".join(f"`{printable(model_id)}`" for model_id in ids[:4])
    return f"{shown} and {len(ids) - 4} more" if len(ids) > 4 else shown
