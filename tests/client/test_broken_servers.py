"""Servers with bugs that real ones have: the client neither loops, nor loses models in silence, nor chokes."""

import inspect
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import pytest

from callsheet import (
    APIResponseError,
    APITimeoutError,
    AuthenticationError,
    CallsheetError,
    InternalServerError,
    InvalidRequestError,
    ModelNotFoundError,
    NotFoundError,
    PagingError,
)
from callsheet.client import response_reader
from tests.broken import bugs
from tests.broken.asking import Answered, Ask, Asked, Bug
from tests.broken.serving import serve_broken
from tests.client.asking import Asker, MakeAsker, ids_of
from tests.client.conftest import ALIAS, DIFFICULT, Site

LIMIT: Final = 6

#: Bugs that a walk must tell of, as going on would be endless or would end too early; and what it says.
TOLD: Final[dict[Bug, tuple[type[CallsheetError], str]]] = {
    bugs.endless_pager: (PagingError, "ignores the cursor"),
    bugs.looping_cursor: (PagingError, "repeats models that it has listed before"),
    bugs.has_more_always: (PagingError, "says that more models follow an empty page"),
    bugs.cursor_included: (PagingError, "ignores the cursor"),
    bugs.only_bearer: (AuthenticationError, "x-api-key header is required"),
    bugs.redirect_to_the_slash: (APIResponseError, r"redirects to http://127\.0\.0\.1:\d+/v1/models/, "),
    bugs.echoed_key: (AuthenticationError, r"not for \*\*\*"),
    bugs.html: (APIResponseError, r"answered with what is not JSON \(text/html\); check that the base URL is "),
    bugs.invalid_json: (APIResponseError, "answered with what is not JSON; check"),
    bugs.too_large: (APIResponseError, "answered with more than 16 MiB"),
    bugs.null_data: (PagingError, "gives one empty page after the other"),
    bugs.error_in_a_success: (InvalidRequestError, "No upstream is up"),
    bugs.always_500: (InternalServerError, r"answered with status 500 \(Internal Server Error\); try again later"),
}

#: Bugs of which a walk cannot know, as the server says that its list is whole, or lists others; and one of time.
BELIEVED: Final[set[Bug]] = {
    bugs.has_more_never, bugs.retired_are_listed, bugs.listed_twice, bugs.map_order, bugs.slow, bugs.bare_array
}  # fmt: skip

EVERY: Final = [
    bug for _, bug in inspect.getmembers(bugs, inspect.iscoroutinefunction) if bug.__module__ == bugs.__name__
]


class Switch:
    """A bug that can be exchanged, so that one server serves all tests."""

    def __init__(self) -> None:
        self.bug: Bug = bugs.endless_pager

    async def __call__(self, asked: Asked, ask: Ask) -> Answered:
        return await self.bug(asked, ask)


@pytest.fixture(scope="session")
def switch(site: Site) -> Iterator[tuple[str, Switch]]:
    """A server, and what exchanges its bug."""
    switch = Switch()
    with serve_broken(site.installation, switch) as url:
        yield url, switch


@pytest.fixture(autouse=True)
def _shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest body, made shorter, as the bug that sends too much sends 64 MiB."""
    monkeypatch.setattr(response_reader, "MAX_BODY_BYTES", 16 << 20)


@pytest.fixture
def broken(asker: MakeAsker, switch: tuple[str, Switch], request: pytest.FixtureRequest) -> Asker:
    """A client of a server with the bug that the test names."""
    url, switched = switch
    switched.bug = request.param
    return asker(base_url=url)


def name(bug: object) -> str:
    return getattr(bug, "__name__", str(bug))


@pytest.mark.parametrize(
    "broken", [bug for bug in EVERY if bug not in TOLD.keys() | BELIEVED], indirect=True, ids=name
)
def test_a_walk_survives_the_bug_and_misses_nothing(broken: Asker, site: Site) -> None:
    models = broken.models(limit=LIMIT)
    assert sorted(ids_of(models)) == sorted(site.ids)
    assert all(model.display_name and model.created_at.tzinfo for model in models)


@pytest.mark.parametrize("broken", TOLD, indirect=True, ids=name)
def test_a_walk_ends_with_a_sentence_about_the_bug(broken: Asker, request: pytest.FixtureRequest) -> None:
    kind, sentence = TOLD[request.node.callspec.params["broken"]]
    with pytest.raises(kind, match=sentence) as raised:
        broken.models(limit=LIMIT)
    assert raised.type is kind
    assert broken.options["api_key"] not in f"{raised.value} {vars(raised.value)}"


@pytest.mark.parametrize("broken", [bugs.endless_pager], indirect=True, ids=name)
def test_a_walk_back_is_guarded_as_well(broken: Asker, site: Site) -> None:
    with pytest.raises(PagingError, match="ignores the cursor"):
        broken.models(limit=LIMIT, before_id=site.ids[-1])


@pytest.mark.parametrize("broken", [bugs.has_more_never], indirect=True, ids=name)
def test_a_list_that_is_said_to_be_whole_is_taken_for_whole(broken: Asker, site: Site) -> None:
    assert ids_of(broken.models(limit=LIMIT)) == site.ids[:LIMIT]


@pytest.mark.parametrize("broken", [bugs.slow], indirect=True, ids=name)
def test_an_answer_that_takes_too_long_is_not_waited_for(broken: Asker) -> None:
    broken.options["timeout"] = 0.1
    with pytest.raises(
        APITimeoutError, match=r"did not answer within 0\.1 s; check that it runs, or give it more time"
    ):
        broken.models()


@pytest.mark.parametrize("broken", [bugs.map_order], indirect=True, ids=name)
def test_pages_in_disorder_lose_nothing_or_raise_an_error(broken: Asker, site: Site) -> None:
    with suppress(PagingError):
        assert set(ids_of(broken.models(limit=LIMIT))) == set(site.ids)
    assert set(ids_of(broken.models(limit=1000))) == set(site.ids)


@pytest.mark.parametrize(
    ("broken", "model_id", "kind", "sentence"),
    [
        (bugs.list_for_retrieve, ALIAS, APIResponseError, "JSON that is not a model: it has no id"),
        (bugs.missing_is_200, "nope", ModelNotFoundError, "^model: nope$"),
        (bugs.no_slashes, DIFFICULT, NotFoundError, "^Not found$"),
        (bugs.no_retrieve, ALIAS, NotFoundError, "^Not found$"),
        (bugs.plain_text_errors, "nope", NotFoundError, r"answered with status 404 \(.+\); check the base URL"),
        (bugs.html, ALIAS, APIResponseError, "answered with what is not JSON"),
    ],
    indirect=["broken"],
    ids=name,
)
def test_a_model_that_cannot_be_fetched_raises_an_error(
    broken: Asker, model_id: str, kind: type[CallsheetError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence) as raised:
        broken.retrieve(model_id)
    assert raised.type is kind


@pytest.mark.parametrize("broken", [bugs.wrong_key_is_403], indirect=True, ids=name)
def test_the_type_of_an_error_counts_where_it_says_more_than_the_status(broken: Asker) -> None:
    broken.options["api_key"] = "sk-wrong"
    with pytest.raises(AuthenticationError, match=r"^invalid x-api-key$") as raised:
        broken.models()
    assert raised.value.status == 403


@pytest.mark.parametrize("broken", [bugs.only_bearer], indirect=True, ids=name)
def test_a_server_that_knows_bearer_only_is_asked_with_a_token(broken: Asker, site: Site) -> None:
    broken.options |= {"api_key": None, "auth_token": site.key}
    assert ids_of(broken.models()) == site.ids
