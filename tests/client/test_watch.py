"""The catalogue and its changes, as they come."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import httpx2
import pytest

from callsheet import APIConnectionError, AuthenticationError, InvalidError, PagingError
from callsheet.client.flow import Send
from callsheet.client.options import MAX_WAIT_SECONDS, read_options
from callsheet.client.reply import Reply
from callsheet.client.request import RequestScope
from callsheet.client.session import Session
from callsheet.client.watch import Watch, watch_query
from tests.broken.asking import Answered, Ask, Asked
from tests.broken.serving import serve_broken
from tests.client.asking import MakeAsker, Script, ids_of, page
from tests.installation import Installation, make_model

#: Seconds from one look to the next; a look is what takes time.
SOON: Final = 0.001


class Notes:
    """Between a server and its caller: notes each answer, and changes nothing."""

    def __init__(self) -> None:
        self.statuses: list[int] = []

    async def __call__(self, asked: Asked, ask: Ask) -> Answered:
        answered = await ask(asked)
        self.statuses.append(answered.status)
        return answered


def test_the_catalogue_comes_at_once_and_again_when_it_has_changed(asker: MakeAsker, empty: Installation) -> None:
    empty.add(make_model("a", "2026-01-01"))
    key, notes = empty.key(), Notes()
    changes: Iterator[Callable[[], object]] = iter([
        lambda: empty.add(make_model("b", "2026-01-02")),
        lambda: empty.catalog.change("a", {"display_name": "A"}),
        lambda: empty.catalog.retire("b"),
        list,
    ])  # fmt: skip
    with serve_broken(empty, notes) as url:
        catalogues = asker(base_url=url, api_key=key).watch(4, lambda: next(changes)(), interval=SOON)
    assert [[(model.id, model.display_name) for model in each] for each in catalogues] == [
        [("a", "a")],
        [("b", "b"), ("a", "a")],
        [("b", "b"), ("a", "A")],
        [("a", "A")],
    ]
    assert notes.statuses.count(200) == 4
    assert set(notes.statuses) <= {200, 304}


def test_what_is_unchanged_is_not_sent_again() -> None:
    tagged = [httpx2.Response(200, json=page("a"), headers={"etag": '"1"'}), httpx2.Response(304)]
    script = Script(*tagged, httpx2.Response(304), httpx2.Response(200, json=page("b"), headers={"etag": '"2"'}))
    watched = script.client().models.watch(interval=SOON)
    assert [ids_of(each) for each in islice(watched, 2)] == [["a"], ["b"]]
    assert [each.headers.get("if-none-match") for each in script.asked] == [None, '"1"', '"1"', '"1"']
    assert script.asked[0].url.query == b"limit=1000"


def test_every_page_of_a_long_list_is_watched() -> None:
    first = httpx2.Response(200, json=page("b", has_more=True), headers={"etag": '"b"'})
    second = httpx2.Response(200, json=page("a"), headers={"etag": '"a"'})
    changed = httpx2.Response(200, json=page("a", data=[{"id": "a", "line": "opus"}]))
    script = Script(first, second, httpx2.Response(304), httpx2.Response(304), httpx2.Response(304), changed)
    watched = script.client().models.watch(interval=SOON)
    assert [[(each.id, each.line) for each in models] for models in islice(watched, 2)] == [
        [("b", None), ("a", None)],
        [("b", None), ("a", "opus")],
    ]


def test_a_new_entity_tag_of_the_same_models_is_the_one_to_ask_with() -> None:
    def tagged(tag: str) -> httpx2.Response:
        return httpx2.Response(200, json=page("a"), headers={"etag": tag})

    script = Script(tagged('"1"'), tagged('"2"'), httpx2.Response(304), page("b"))
    assert [ids_of(each) for each in islice(script.client().models.watch(interval=SOON), 2)] == [["a"], ["b"]]
    assert [each.headers.get("if-none-match") for each in script.asked] == [None, '"1"', '"2"', '"2"']


def test_without_entity_tags_the_models_are_compared() -> None:
    script = Script(page("a"), page("a"), page("a", data=[{"id": "a", "new": 1}]))
    watched = script.client().models.watch(interval=SOON)
    assert [[each.to_dict() for each in models] for models in islice(watched, 2)] == [
        [{"type": "model", "id": "a"}],
        [{"id": "a", "new": 1}],
    ]


@pytest.mark.parametrize(
    "outage",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("late"),
        httpx2.Response(502, html="<h1>Bad Gateway</h1>"),
        httpx2.Response(429, json={"error": {"type": "rate_limit_error", "message": "Slow down."}}),
        httpx2.Response(200, html="<h1>Back soon</h1>"),
        httpx2.Response(302, headers={"location": "/maintenance"}),
    ],
    ids=repr,
)
def test_an_outage_is_waited_out(outage: Any, caplog: pytest.LogCaptureFixture) -> None:
    script = Script(page("a"), outage, outage, page("a"), page("b"))
    with caplog.at_level(logging.WARNING, "callsheet.client"):
        watched = script.client(max_retries=0).models.watch(interval=SOON)
        assert [ids_of(each) for each in islice(watched, 2)] == [["a"], ["b"]]
    assert len(caplog.messages) == 2
    assert all(message.startswith("The watched list cannot be fetched") for message in caplog.messages)


def test_a_server_may_ask_a_watch_to_wait_longer_but_not_for_ever() -> None:
    busy = Reply("http://scripted", datetime.now(UTC), 429, {"retry-after": "1e300"}, b"")
    session = Session(read_options({}, api_key="k", max_retries=0))
    watch = Watch(session, watch_query(session, None, RequestScope()), 60)
    first: Any = watch.next_catalogue()
    first.send(None)
    with pytest.raises(StopIteration):
        first.send(busy._replace(status=200, headers={}, body=b'{"data":[]}'))
    later: Any = watch.next_catalogue()
    assert 54 <= later.send(None).seconds <= 66
    assert isinstance(later.send(None), Send)
    assert 0.9 * MAX_WAIT_SECONDS <= later.send(busy).seconds <= 1.1 * MAX_WAIT_SECONDS


def test_what_does_not_pass_by_itself_ends_a_watch() -> None:
    refused = httpx2.Response(401, json={"error": {"type": "authentication_error", "message": "invalid x-api-key"}})
    watched = Script(page("a"), refused).client().models.watch(interval=SOON)
    assert ids_of(next(watched)) == ["a"]
    with pytest.raises(AuthenticationError):
        next(watched)


def test_a_first_poll_that_fails_raises_its_error(asker: MakeAsker) -> None:
    with pytest.raises(AuthenticationError):
        asker(api_key="sk-wrong").watch(1, lambda: None)
    with pytest.raises(APIConnectionError):
        next(Script(httpx2.ConnectError("refused")).client(max_retries=0).models.watch())


def test_a_watch_of_a_list_that_goes_in_circles_raises_an_error() -> None:
    with pytest.raises(PagingError):
        next(Script(page("a", has_more=True)).client().models.watch())


@pytest.mark.parametrize("interval", [0, -1, float("nan"), float("inf"), 1e10])
def test_an_interval_is_more_than_nothing_and_can_be_waited(asker: MakeAsker, interval: float) -> None:
    with pytest.raises(InvalidError, match=r"^interval must be more than 0 seconds and at most a day, not "):
        asker().watch(1, lambda: None, interval=interval)
