"""Entries that cannot be read: the others are listed, the walk goes on, and it is said what is missing."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from callsheet import APIResponseError, PagingError, UnreadableModel
from tests.client.asking import Asker, AsyncAsker, Script, ids_of

BAD: list[Any] = [{"id": ""}, {"id": None}, 7, {"display_name": "no id"}, {"id": "x" * 9999}, [], None]


def asking(kind: type[Asker], script: Script, **options: Any) -> Asker:
    """A client of either kind that asks a script."""
    transport = httpx2.MockTransport(script)
    client = httpx2.Client(transport=transport) if kind is Asker else httpx2.AsyncClient(transport=transport)
    return kind(base_url="http://scripted", api_key="k", max_retries=0, http_client=client, **options)


@pytest.fixture(params=[Asker, AsyncAsker], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Callable[..., Asker]:
    return lambda script, **options: asking(request.param, script, **options)


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_one_bad_row_hides_no_other(ask: Callable[..., Asker], bad: object) -> None:
    (page,) = ask(Script({"object": "list", "data": [{"id": "good"}, bad, {"id": "fine"}]})).pages()
    assert ids_of(page.data) == ["good", "fine"]
    (left_out,) = page.unreadable
    assert isinstance(left_out, UnreadableModel)
    assert left_out.position == 1
    assert left_out.reason.startswith(("it ", "its "))
    assert len(left_out.id or "") <= 60


def test_a_walk_goes_on_from_a_page_whose_last_rows_cannot_be_read(ask: Callable[..., Asker]) -> None:
    script = Script(
        {"data": [{"id": "a"}, {"id": ""}], "has_more": True, "first_id": "a", "last_id": "b"},
        {"data": [7, 8], "has_more": True, "first_id": "c", "last_id": "d"},
        {"data": [{}], "has_more": True, "last_id": "e"},
        {"data": [{"id": "f"}, {}], "has_more": True},
        {"data": [{"name": "g"}], "has_more": False},
    )
    pages = ask(script).pages()
    assert [ids_of(page.data) for page in pages] == [["a"], [], [], ["f"], []]
    assert [len(page.unreadable) for page in pages] == [1, 2, 1, 1, 1]
    cursors = [request.url.params.get("after_id") for request in script.asked]
    assert cursors == [None, "b", "d", "e", "f"]


def test_a_page_without_a_way_to_the_next_raises_an_error(ask: Callable[..., Asker]) -> None:
    with pytest.raises(PagingError, match="says that more models follow"):
        ask(Script({"data": [{}], "has_more": True})).models()


def test_a_list_of_which_nothing_can_be_read_is_none(ask: Callable[..., Asker], tmp_path: Path) -> None:
    with pytest.raises(
        APIResponseError, match=r"a list of whose 2 entries none is a model \(in the first, it is not"
    ):
        ask(Script({"data": [1, 2]}), cache=tmp_path / "cache").models()
    assert not (tmp_path / "cache").exists()


def test_a_walk_and_a_watch_warn_of_what_is_left_out(
    ask: Callable[..., Asker], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "callsheet.client")
    with_bad = {"data": [{"id": "a"}, {"id": ""}], "has_more": False}
    assert ids_of(ask(Script(with_bad)).models()) == ["a"]
    (warning,) = caplog.messages
    assert warning == (
        "1 of 2 entries that http://scripted/v1/models lists cannot be read and are left out; "
        "entry 2: its id is empty."
    )
    caplog.clear()
    changed = {"data": [{"id": "a"}, {"id": ""}, {"id": "b"}], "has_more": False}
    seen = ask(Script(with_bad, with_bad, with_bad, changed)).watch(2, lambda: None, interval=0.001)
    assert [ids_of(each) for each in seen] == [["a"], ["a", "b"]]
    assert len(caplog.messages) == 1  # not again at each look


def test_the_cache_gives_a_page_with_what_was_left_out(ask: Callable[..., Asker], tmp_path: Path) -> None:
    script = Script(b'{"data":[{"id":"a"},{"id":"\xff"}],"has_more":false}', httpx2.Response(503))
    options = {"cache": tmp_path}
    (fresh,) = ask(script, **options).pages()
    (stale,) = ask(script, **options).pages()
    assert (fresh.stale, stale.stale) == (False, True)
    assert ids_of(stale.data) == ["a"]
    assert stale.data[0].stale
    assert stale.unreadable == fresh.unreadable != []


@pytest.mark.parametrize(
    "sent",
    [
        [{"id": "a/b", "object": "model", "created": 1}],
        {"models": [{"name": "a/b", "model": "a/b", "details": {"context_length": 4096}}]},
        {"models": [{"slug": "a/b"}]},
    ],
)
@pytest.mark.parametrize("dialect", ["anthropic", "openai"])
def test_a_list_is_read_in_any_wrapper(ask: Callable[..., Asker], sent: object, dialect: str) -> None:
    script = Script(httpx2.Response(200, json=sent))
    assert ids_of(ask(script, dialect=dialect).models()) == ["a/b"]


def test_null_is_an_empty_list(ask: Callable[..., Asker]) -> None:
    assert ask(Script({"object": "list", "data": None}), dialect="openai").models() == []


def test_a_page_may_be_gone_through_without_being_kept() -> None:
    with Script({"data": [{"id": "a"}, {"id": "b"}], "has_more": False}).client() as client:
        page = client.models.list()
        assert ids_of(list(page.iter_data())) == ids_of(list(page)) == ["a", "b"]
        assert (page.count, repr(page)) == (2, "<Page of 2, first_id=None, has_more=False>")
        assert list(page.iter_data()) == page.data == list(page)
        assert next(page.iter_data()) is page.data[0]
