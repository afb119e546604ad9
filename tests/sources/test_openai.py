"""OpenAI's list, and what its rows come to."""

from typing import Any

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources import file, openai
from callsheet.sources.read import read
from callsheet.sources.upstream import FIRST_SEEN, Answer, Options, Request
from tests.sources.recorded import answers_of, listed_in, only, reading_from, reading_of


def test_every_row_is_a_model_with_its_time_of_release() -> None:
    listed = listed_in(reading_of("openai"))
    assert list(listed) == [
        "nova-3", "nova-3-mini", "nova-2", "ft:nova-3-mini:example:support:AbCdEf12", "text-vectors-3",
    ]  # fmt: skip
    assert listed["nova-3"].fields == {"created_at": "2026-01-01T00:00:00Z"}


def test_a_date_of_shutdown_means_deprecated_since_it_was_first_seen() -> None:
    assert listed_in(reading_of("openai"))["nova-2"].fields == {
        "created_at": "2025-01-01T00:00:00Z",
        "lifecycle": "deprecated",
        "deprecated_at": FIRST_SEEN,
        "retires_at": "2027-03-31T00:00:00Z",
        "retirement_precision": "exact",
    }


@pytest.mark.parametrize("model_id", ["claude-opus-5", "us.anthropic.claude-opus-5", "anthropic/Claude-Opus-5"])
def test_a_claude_model_keeps_its_true_day_of_release_behind_any_server(model_id: str) -> None:
    model = only(reading_from("openai", {"data": [{"id": model_id, "created": 1_760_000_000}]}))
    assert model.fields == {}
    assert model.notes == ("created is not read of Claude models, whose days of release are known otherwise",)


def test_one_request_is_all_that_is_asked() -> None:
    assert [answer.request for answer in answers_of("openai")] == [Request("GET", "/v1/models")]


def test_the_secret_goes_as_a_bearer_token() -> None:
    assert openai.authorization("s3cret") == {"authorization": "Bearer s3cret"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("soon", "'soon'"),
        (-1, "-1"),
        (10**400, "a number of very many digits"),
        ({}, "an object"),
        ([1], "a list"),
        ("x" * 90, f"'{'x' * 59}…"),
    ],
)
def test_a_time_that_makes_no_sense_is_left_out_with_a_note(value: Any, shown: str) -> None:
    model = only(reading_from("openai", {"data": [{"id": "a", "created": value}]}))
    assert model.fields == {}
    assert model.notes == (f"created_at is left out, because {shown} makes no sense for it",)


def test_a_date_of_shutdown_that_makes_no_sense_deprecates_nothing() -> None:
    model = only(reading_from("openai", {"data": [{"id": "a", "shutdown_date": "some day"}]}))
    assert model.fields == {}
    assert model.notes == ("retires_at is left out, because 'some day' makes no sense for it",)


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (200, b"<html>", "/v1/models was answered with what is not JSON; check the URL and the kind."),
        (
            200,
            b'{"models": []}',
            '/v1/models was answered with JSON that has no list "data"; check the URL and the kind.',
        ),
        (200, b"[]", '/v1/models was answered with JSON that has no list "data"; check the URL and the kind.'),
        (
            401,
            b'{"error": {"message": "Incorrect\\nAPI key.", "type": "invalid_request_error"}}',
            "/v1/models was answered with status 401: Incorrect API key.",
        ),
        (503, b"", "/v1/models was answered with status 503."),
    ],
)
def test_anything_else_than_a_list_is_refused_in_one_sentence(status: int, body: bytes, sentence: str) -> None:
    answer = Answer(Request("GET", "/v1/models"), status, {}, body)
    with pytest.raises(SourceError) as raised:
        read(openai, [answer], Options())
    assert str(raised.value) == sentence


def test_an_empty_list_that_go_writes_as_null_is_empty() -> None:
    assert reading_from("openai", {"object": "list", "data": None}).listed == ()


def test_a_recorded_list_of_openais_shape_hides_no_day_of_release_either() -> None:
    body = b'{"data": [{"id": "claude-opus-5", "created": 1760000000}, {"id": "a", "created": 1760000000}]}'
    claude, other = read(file, (Answer(Request("GET", ""), 200, {}, body),), Options()).listed
    assert "created_at" not in claude.fields
    assert other.fields["created_at"] == "2025-10-09T08:53:20Z"
