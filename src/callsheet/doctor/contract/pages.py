"""Section 3 of the contract: order and paging."""

import itertools
from datetime import datetime
from typing import Final

from callsheet.doctor.clients.rules import page_size
from callsheet.doctor.contract.pages_of import each_once, expect_ids, named, page_of, repeated_in
from callsheet.doctor.contract.rule import RuleBook, expect, require
from callsheet.doctor.probe.listing import Model, read_listing
from callsheet.doctor.probe.server import Server, encode_query
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.probe.times import read_instant
from callsheet.doctor.report import Level
from callsheet.domain.ordering import sort_key
from callsheet.domain.query import MAX_LIMIT
from callsheet.domain.times import EPOCH

BOOK: Final = RuleBook(3, "Order and paging")

#: Why a rule about the end of the list is not applicable.
TOO_LONG: Final = "the list is too long to be read to its end"


@BOOK.rule(Level.WARNING, needs=("list-is-served",))
def models_are_listed_once(server: Server) -> None:
    """No model is listed twice.

    Most pickers show such a model twice.
    """
    repeated = repeated_in(page_of(server, "limit=1000").ids)
    expect(not repeated, f"{named(repeated)} {'is' if len(repeated) == 1 else 'are'} listed more than once.")


@BOOK.rule(Level.ERROR, needs=("list-is-served",))
def order_is_stable(server: Server) -> None:
    """The order does not change from one response to the next.

    If it changes, pages repeat some models and skip others.
    """
    require(len(server.ids) > 1, "fewer than two models are listed")
    first, again = page_of(server, "limit=1000").ids, page_of(server, "limit=1000", again=True).ids
    both = set(first) & set(again)  # what was added or removed in that moment has no place to keep
    before, after = ([model_id for model_id in ids if model_id in both] for ids in (first, again))
    expect(before == after, "The order changes: two responses, a moment apart, differ.")


@BOOK.rule(Level.WARNING, needs=("created-at-is-a-time", "order-is-stable"))
def newest_come_first(server: Server) -> None:
    """Newer models come first.

    Clients that show or take the first few expect the newest there.
    """
    require(len(server.ids) > 1, "fewer than two models are listed")
    listing = page_of(server, "limit=1000")
    times = [(read_instant(model["created_at"]), model["id"]) for model in listing.models]
    for (newer, newer_id), (older, older_id) in itertools.pairwise(times):
        fits = newer is not None and older is not None and newer >= older
        expect(fits, f"{quoted(older_id)} is newer than {quoted(newer_id)} and comes after it.")


@BOOK.rule(Level.NOTE, needs=("newest-come-first", "created-at-differs"))
def ties_go_by_line(server: Server) -> None:
    """Models of the same time are ordered by line, the larger first, then by id.

    Two servers with the same models then list them in the same order.
    """
    require(any("line" in model for model in server.models), "models have no line (the format of 2025)")
    models = page_of(server, "limit=1000").models
    keys = [sort_key(_released(model), model.get("line"), model["id"]) for model in models]
    wrong = [model["id"] for model, key, place in zip(models, keys, sorted(keys), strict=True) if key != place]
    expect(
        not wrong, f"Of models with the same `created_at`, {named(wrong)} are not in the order of lines and ids."
    )


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def thousand_are_allowed(server: Server) -> None:
    """`limit=1000` is accepted, and returns all models of a smaller catalogue.

    Claude Code asks for all models in one page.
    """
    page = page_of(server, "limit=1000")
    is_full = len(page.ids) == MAX_LIMIT
    expect(
        is_full or set(page.ids) == set(server.ids),
        f"`limit=1000` returned {len(page.ids)} of {len(server.ids)} models.",
    )


@BOOK.rule(Level.ERROR, needs=("page-is-served",))
def limit_is_honoured(server: Server) -> None:
    """`limit` is honoured.

    Clients page to keep responses small, and cannot if they get more than they asked for.
    """
    require(len(server.ids) > 1, "fewer than two models are listed")
    page = page_of(server, "limit=1")
    expect(len(page.ids) == 1, f"`limit` is ignored: limit=1 returned {len(page.ids)} models.")


@BOOK.rule(Level.WARNING, needs=("page-is-served", "order-is-stable"))
def limit_is_optional(server: Server) -> None:
    """A request without a limit gets the beginning of the same list.

    Many clients send no limit.
    """
    listing = read_listing(server.request("/v1/models"))
    expect(listing is not None, "A request without a limit gets no list.")
    ids = each_once(listing.ids) if listing else []
    expect(
        ids == server.ids[: len(ids)] and bool(ids) == bool(server.ids),
        "Without a limit, the list does not begin with the same models.",
    )


@BOOK.rule(Level.ERROR, needs=("page-is-served", "order-is-stable"))
def after_id_continues(server: Server) -> None:
    """`after_id` returns the models directly after the cursor.

    Every SDK pages with it; if it is ignored, they page for ever.
    """
    require(len(server.ids) > 1, "fewer than two models are listed")
    page = page_of(server, f"limit=1&after_id={server.cursor(0)}")
    expect_ids(
        page.ids[:1], server.ids[1:2], "`after_id` does not continue: the page after the first model begins with"
    )


@BOOK.rule(Level.ERROR, needs=("limit-is-honoured",))
def has_more_is_true(server: Server) -> None:
    """`has_more` is true while older models remain.

    Clients stop at false, and show part of the list as the whole.
    """
    require(len(server.ids) > 1, "fewer than two models are listed")
    page = page_of(server, "limit=1")
    expect(
        page.has_more is True,
        f"`has_more` is not true with limit=1, although {len(server.ids) - 1} models remain.",
    )


@BOOK.rule(Level.ERROR, needs=("page-is-served", "after-id-continues"))
def has_more_is_false(server: Server) -> None:
    """`has_more` is false on the last page.

    Clients go on while it is true, for ever if the cursor leads back.
    """
    require(len(server.ids) > 1, "fewer than two models are listed")
    require(server.is_whole, TOO_LONG)
    page = page_of(server, f"limit=1000&after_id={server.cursor(-2)}")
    expect(page.has_more is False, "`has_more` is not false on the last page.")


@BOOK.rule(Level.ERROR, needs=("limit-is-honoured", "after-id-continues"))
def walk_meets_every_model(server: Server) -> None:
    """Paging through the list returns every model once.

    Otherwise clients miss models, or show them twice.
    """
    require(len(server.ids) > 2, "fewer than three models are listed")
    size = page_size(len(server.ids))
    met = [*page_of(server, f"limit={size}").ids]
    for _ in range(2):
        met += page_of(server, f"limit={size}&after_id={encode_query(met[-1])}").ids if met else []
    found = set(met)
    missed = [model_id for model_id in server.ids[: 3 * size] if model_id not in found]
    expect(not missed, f"Paging with limit={size} leaves out {named(missed)}.")
    repeated = repeated_in(met)
    expect(not repeated, f"Paging with limit={size} repeats {named(repeated)}.")


@BOOK.rule(Level.NOTE, needs=("list-is-served",))
def aliases_are_not_listed(server: Server) -> None:
    """Aliases are not listed.

    Pickers would show one model under several names.
    """
    require(server.alias, "no alias is known; name one with --alias")
    page_of(server, "limit=1000")
    expect(server.alias not in server.ids, f"The alias {quoted(server.alias)} is in the list.")


def _released(model: Model) -> datetime:
    return read_instant(model["created_at"]) or EPOCH
