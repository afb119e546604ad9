"""The paging guard: a walk ends, and ends where the list does. Values in, values out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet import PagingError
from callsheet.client.paging import START, Seen, extend, next_query, promises_more
from callsheet.client.request import PageQuery
from callsheet.wire.pages import PageContent, read_page


def content(ids: str, has_more: bool | None = True, **ends: str | None) -> PageContent:
    """A page of models with ids of one letter, and the cursors of a correct server."""
    cursors = {"first_id": ids[:1] or None, "last_id": ids[-1:] or None, **ends}
    return read_page(json.dumps({"data": [{"id": each} for each in ids], "has_more": has_more, **cursors}).encode())


def walk(query: PageQuery, *pages: PageContent) -> None:
    """Go through these pages as a client does."""
    trail = START
    for number, each in enumerate(pages, start=1):
        trail = extend(trail, query, each)
        if number < len(pages):
            query = next_query(query, each)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (PageQuery(limit=2), PageQuery(limit=2, after_id="c")),
        (PageQuery(limit=2, after_id="z"), PageQuery(limit=2, after_id="c")),
        (PageQuery(limit=2, before_id="z"), PageQuery(limit=2, before_id="b")),
        (PageQuery(limit=2, after_id="y", before_id="z"), PageQuery(limit=2, after_id="c", before_id="z")),
    ],
)
def test_the_next_page_is_next_to_the_end_of_this_one(start: PageQuery, expected: PageQuery) -> None:
    assert next_query(start, content("bc")) == expected


@pytest.mark.parametrize(("start", "cursor"), [(PageQuery(), "c"), (PageQuery(before_id="z"), "b")])
def test_cursors_that_are_null_are_read_from_the_models(start: PageQuery, cursor: str) -> None:
    assert next_query(start, content("bc", first_id=None, last_id=None)).cursor == cursor


def test_a_circle_of_two_pages_is_left_in_either_direction() -> None:
    with pytest.raises(PagingError, match=r"repeats models that it has listed before 'd'"):
        walk(PageQuery(), content("ab"), content("cd"), content("ab"))
    with pytest.raises(PagingError, match=r"repeats models that it has listed before 'a'"):
        walk(PageQuery(before_id="z"), content("cd"), content("ab"), content("cd"))
    with pytest.raises(PagingError, match=r"ignores the cursor 'c'"):
        walk(PageQuery(before_id="z"), content("cd"), content("cd"))


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (content("ab", True), True),
        (content("ab", False), False),
        (content("ab", None), True),
        (content("ab", None, last_id=None), False),
        (content("", None), False),
        (content("", True), True),
        (content("", False), False),
    ],
)
def test_has_more_is_believed_and_else_a_cursor(page: PageContent, expected: bool) -> None:
    assert promises_more(PageQuery(), page) is expected


def test_a_walk_over_good_pages_is_not_stopped() -> None:
    walk(PageQuery(), content("ab"), content("cd"), content("e", False))
    walk(PageQuery(before_id="z"), content("de"), content("bc"), content("a", False))
    walk(PageQuery(after_id="a", before_id="z"), content("bc"), content("de", False))
    walk(PageQuery(), content("", False))


def test_an_empty_page_with_a_cursor_leads_on() -> None:
    walk(PageQuery(), content("ab"), content("", last_id="d"), content("ef", False))


def test_empty_pages_that_promise_more_do_not_go_on_for_ever() -> None:
    empty = [content("", first_id=each, last_id=each) for each in "cde"]
    with pytest.raises(PagingError, match=r"^The server gives one empty page after the other, .*\.$"):
        walk(PageQuery(), content("ab"), *empty)
    with pytest.raises(PagingError, match="one empty page after the other"):
        walk(PageQuery(before_id="z"), *empty)
    walk(PageQuery(), content("ab"), empty[0], content("", False))
    walk(PageQuery(), empty[0], content("x"), empty[1], content("y", False))


def test_a_page_may_overlap_the_one_before_when_a_model_has_moved() -> None:
    walk(PageQuery(), content("ab"), content("ac"), content("d", False))


def test_a_page_with_its_own_cursor_is_an_ignored_cursor() -> None:
    with pytest.raises(PagingError, match=r"^The server ignores the cursor 'b': .*limit=1000.*\.$"):
        walk(PageQuery(), content("ab"), content("ab"))
    with pytest.raises(PagingError, match="ignores the cursor 'b'"):
        walk(PageQuery(after_id="b"), content("ab", False))


def test_a_circle_is_left_however_many_pages_it_has() -> None:
    with pytest.raises(PagingError, match=r"for the second time|repeats models"):
        walk(PageQuery(), content("ab"), content("cd"), content("ef"), content("ab"))


def test_a_page_of_nothing_but_known_models_is_a_repetition() -> None:
    with pytest.raises(PagingError, match=r"^The server repeats models that it has listed before 'd', "):
        walk(PageQuery(), content("abc"), content("d"), content("ac", last_id="x"))


def test_a_cursor_that_comes_again_is_a_circle() -> None:
    with pytest.raises(PagingError, match=r"^The server gives the cursor 'x' for the second time, "):
        walk(PageQuery(), content("a", last_id="x"), content("b", last_id="x"), content("c", last_id="x"))


def test_more_after_an_empty_page_without_a_cursor_is_a_false_promise() -> None:
    with pytest.raises(PagingError, match=r"^The server says that more models follow an empty page, "):
        next_query(PageQuery(), content(""))
    with pytest.raises(PagingError, match="an empty page at 'z'"):
        next_query(PageQuery(after_id="z"), content(""))


def test_a_page_that_is_asked_for_again_is_not_a_repetition() -> None:
    trail = extend(START, PageQuery(), content("ab"))
    for _ in range(2):
        extend(trail, PageQuery(after_id="b"), content("cd"))


@given(st.lists(st.frozensets(st.text("abcdefg", max_size=2))))
def test_what_has_been_seen_is_known_and_nothing_else(pages: list[frozenset[str | None]]) -> None:
    seen, met = Seen(), set[str | None]()
    for each in pages:
        seen, before = seen.plus(each), seen
        assert all((text in before) == (text in met) for text in each)
        met |= each
    assert all(text in seen for text in met)
    assert "h" not in seen
