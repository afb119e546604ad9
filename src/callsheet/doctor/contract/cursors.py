"""The middle of section 3 of the contract: cursors at the ends, backwards, and both together."""

from callsheet.doctor.contract.pages import BOOK, TOO_LONG
from callsheet.doctor.contract.pages_of import each_once, expect_ids, named, page_of
from callsheet.doctor.contract.rule import expect, require
from callsheet.doctor.probe.server import Server, encode_query
from callsheet.doctor.probe.texts import quoted
from callsheet.doctor.report import Level
from callsheet.domain.query import MAX_LIMIT

__all__ = ["BOOK"]  # with the rules of this file


@BOOK.rule(Level.WARNING, needs=("limit-is-honoured", "order-is-stable"))
def before_id_is_adjacent(server: Server) -> None:
    """`before_id` returns the models directly before the cursor, newest first.

    SDKs walk backwards with it.
    """
    require(len(server.ids) > 3, "fewer than four models are listed")
    page = page_of(server, f"limit=2&before_id={server.cursor(-1)}")
    expect_ids(
        page.ids,
        server.ids[-3:-1],
        "`before_id` does not return the models next to the cursor: before the last one come",
    )


@BOOK.rule(Level.WARNING, needs=("before-id-is-adjacent",))
def has_more_looks_backwards(server: Server) -> None:
    """With `before_id`, `has_more` says whether newer models remain.

    SDKs that walk backwards stop at false.
    """
    require(len(server.ids) > 3, "fewer than four models are listed")
    page = page_of(server, f"limit=2&before_id={server.cursor(-1)}")
    expect(page.has_more is True, "With `before_id`, `has_more` is not true although newer models remain.")
    page = page_of(server, f"limit=1000&before_id={server.cursor(1)}")
    expect(page.has_more is False, "With `before_id`, `has_more` is not false although no newer models remain.")


@BOOK.rule(Level.WARNING, needs=("page-is-served", "order-is-stable"))
def both_cursors_are_taken(server: Server) -> None:
    """`after_id` and `before_id` together return what lies between.

    The SDKs for Ruby and C#, and for Java before 2.59, send both while they page.
    """
    require(len(server.ids) > 2, "fewer than three models are listed")
    ids = server.ids[:MAX_LIMIT]
    page = page_of(server, f"limit=1000&after_id={server.cursor(0)}&before_id={server.cursor(len(ids) - 1)}")
    expect_ids(
        each_once(page.ids),
        ids[1:-1],
        f"between `after_id` {quoted(ids[0])} and `before_id` {quoted(ids[-1])} come",
    )


@BOOK.rule(
    Level.NOTE, needs=("both-cursors-are-taken", "limit-is-honoured", "has-more-is-true", "has-more-is-false")
)
def has_more_counts_in_range(server: Server) -> None:
    """With both cursors, `has_more` says whether models remain between them.

    SDKs that send both stop at false.
    """
    ids = server.ids[:MAX_LIMIT]
    require(len(ids) > 3, "fewer than four models are listed")
    between = f"after_id={server.cursor(0)}&before_id={server.cursor(len(ids) - 1)}"
    page = page_of(server, f"limit=1&{between}")
    expect(page.has_more is True, "With both cursors, `has_more` is not true although models remain between them.")
    page = page_of(server, f"limit={MAX_LIMIT}&{between}")
    expect(page.has_more is False, "With both cursors, `has_more` is not false although no models remain.")


@BOOK.rule(Level.NOTE, needs=("after-id-continues", "limit-is-honoured"))
def bracketed_names_are_accepted(server: Server) -> None:
    """`limit[]` and `after_id[]` are `limit` and `after_id`.

    The PHP SDK writes them so from the second page on.
    """
    require(len(server.ids) > 1, "fewer than two models are listed")
    page = page_of(server, f"limit[]=1&after_id[]={server.cursor(0)}")
    expect_ids(page.ids, server.ids[1:2], "`limit[]=1` with `after_id[]` of the first model returns")


@BOOK.rule(Level.NOTE, needs=("both-cursors-are-taken", "nothing-after-the-oldest"))
def inverted_range_is_empty(server: Server) -> None:
    """A range whose ends are in the wrong order is empty.

    It happens to clients while models move, and is not their mistake.
    """
    query = f"limit=1000&after_id={server.cursor(1)}&before_id={server.cursor(0)}"
    _expect_empty(server, query, "A range whose ends are in the wrong order")


@BOOK.rule(Level.ERROR, needs=("page-is-served", "order-is-stable"))
def nothing_after_the_oldest(server: Server) -> None:
    """After the oldest model comes an empty page.

    The Java SDK before 2.59 and old Python SDKs ask for it at the end of every list.
    """
    require(server.is_whole, TOO_LONG)
    _expect_empty(server, f"limit=1000&after_id={server.cursor(-1)}", "The page after the oldest model")


@BOOK.rule(Level.WARNING, needs=("page-is-served", "order-is-stable"))
def nothing_before_the_newest(server: Server) -> None:
    """Before the newest model comes an empty page.

    Paging backwards ends there.
    """
    _expect_empty(server, f"limit=1000&before_id={server.cursor(0)}", "The page before the newest model")


@BOOK.rule(Level.NOTE, needs=("alias-is-resolved", "after-id-continues"))
def alias_is_a_cursor(server: Server) -> None:
    """An alias is accepted as a cursor and stands for its model.

    It stands for its model everywhere else.
    """
    require(server.alias, "no alias is known; name one with --alias")
    alias = server.alias or ""
    meant = server.retrieve(alias).json["id"]
    require(meant in server.ids, "the model that the alias stands for is not listed")
    place = server.ids.index(meant)
    page = page_of(server, f"limit=1&after_id={encode_query(alias)}")
    expect_ids(page.ids, server.ids[place + 1 : place + 2], f"after {quoted(alias)} comes")


def _expect_empty(server: Server, query: str, what: str) -> None:
    require(server.ids, "no model is listed")
    page = page_of(server, query)
    expect(not page.ids, f"{what} is not empty: it has {len(page.ids)} models, the first {named(page.ids[:1])}.")
