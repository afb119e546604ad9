"""OpenRouter's list, and what its rows come to."""

from typing import Any

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources import openrouter
from callsheet.sources.read import read
from callsheet.sources.upstream import FIRST_SEEN, Answer, Options, Request
from tests.sources.recorded import answer_to, answers_of, ask, exchanges, listed_in, only, reading_from, reading_of


def page(*, following: object) -> Answer:
    link = b"null" if following is None else f'"{following}"'.encode() if isinstance(following, str) else b"7"
    path = "/v1/models?offset=0&limit=1000"
    return Answer(Request("GET", path), 200, {}, b'{"data": [], "links": {"next": %s}, "total_count": 0}' % link)


def one(**row: Any) -> Any:
    return only(reading_from("openrouter", {"data": [{"id": "a", **row}], "links": {"next": None}}))


def test_what_is_served_counts_not_what_the_model_could() -> None:
    assert listed_in(reading_of("openrouter"))["acme/nova-3"].fields == {
        "display_name": "Acme: Nova 3",
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": 200000,
        "max_tokens": 32000,
        "capabilities": {
            "image_input": {"supported": True},
            "pdf_input": {"supported": True},
            "structured_outputs": {"supported": True},
            "thinking": {"supported": True},
        },
        "description": "Acme: Nova 3 is a model.",
    }


def test_the_limits_of_a_request_count_if_they_are_the_smallest() -> None:
    model = one(
        context_length=1000,
        top_provider={"context_length": 800, "max_completion_tokens": 90},
        per_request_limits={"prompt_tokens": 700.0, "completion_tokens": 50.0},
    )
    assert model.fields == {"max_input_tokens": 700, "max_tokens": 50}


def test_an_expiration_date_is_the_day_of_retirement() -> None:
    fields = listed_in(reading_of("openrouter"))["acme/nova-2"].fields
    assert {name: fields[name] for name in ("lifecycle", "deprecated_at", "retires_at")} == {
        "lifecycle": "deprecated",
        "deprecated_at": FIRST_SEEN,
        "retires_at": "2027-03-31T00:00:00Z",
    }


def test_a_moving_name_becomes_an_alias_of_the_model_that_it_means() -> None:
    reading = reading_of("openrouter")
    assert listed_in(reading)["acme/nova-3"].aliases == ("~acme/nova-latest",)
    assert "~acme/nova-latest" not in listed_in(reading)


def test_a_moving_name_of_a_model_that_is_not_listed_is_dropped() -> None:
    assert reading_of("openrouter").reasons() == {openrouter.NO_TEXT: 1, openrouter.NO_TARGET: 1}


def test_variants_and_routers_are_models_whatever_they_cost() -> None:
    assert {"acme/nova-3:free", "router/auto"} <= set(listed_in(reading_of("openrouter")))


@pytest.mark.parametrize(
    "pricing", [{"prompt": "-1"}, {"prompt": "0.1e-99999999"}, {"prompt": None}, [], "free", 1e308]
)
def test_prices_are_not_read(pricing: object) -> None:
    assert one(pricing=pricing) == one()


def test_lists_that_are_missing_say_nothing_of_capabilities() -> None:
    assert one(architecture={"modality": "text->text"}).fields == {}


@pytest.mark.parametrize(
    "link",
    [
        "/api/v1/models?offset=4&limit=1000",
        "https://elsewhere.example/steal?limit=1&offset=4",
        "?offset=4",
    ],
)
def test_of_the_link_to_the_next_page_only_the_offset_is_used(link: str) -> None:
    wanted = openrouter.requests(Options(), [page(following=link)])
    assert wanted == (Request("GET", "/v1/models?offset=4&limit=1000"),)


@pytest.mark.parametrize("link", ["", "/next", "?offset=-1", "?offset=x", "?offset=" + "9" * 30, "http://[", 7])
def test_a_link_without_a_usable_offset_is_refused(link: object) -> None:
    with pytest.raises(SourceError, match="a link to the next page that cannot be used"):
        openrouter.requests(Options(), [page(following=link)])


def test_a_page_that_names_itself_as_the_next_is_refused() -> None:
    with pytest.raises(SourceError, match="The pages of the list do not end"):
        openrouter.requests(Options(), [page(following="?offset=0")])


def test_all_pages_are_asked_and_their_rows_joined() -> None:
    answers = answers_of("openrouter")
    assert [answer.request.path for answer in answers] == [
        "/v1/models?offset=0&limit=1000",
        "/v1/models?offset=4&limit=1000",
    ]
    assert openrouter.requests(Options(), answers) == ()


def test_with_a_secret_the_list_of_its_account_is_asked() -> None:
    options, recorded = Options(has_secret=True), of_the_account()
    answers = ask(openrouter, options, lambda request: answer_to(request, recorded))
    assert [answer.request.path for answer in answers] == [
        "/v1/models/user?offset=0&limit=1000",
        "/v1/models/user?offset=4&limit=1000",
    ]
    assert read(openrouter, answers, options) == reading_of("openrouter")


def of_the_account() -> dict[str, Any]:
    """The recording, as the list of an account."""
    return {name.replace("/v1/models", "/v1/models/user"): sent for name, sent in exchanges("openrouter").items()}


def test_the_secret_goes_as_a_bearer_token() -> None:
    assert openrouter.authorization("sk-or") == {"authorization": "Bearer sk-or"}
