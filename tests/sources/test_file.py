"""A list of any shape that the client reads."""

import json
from pathlib import Path

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources.read import BAD_ID, NOT_AN_OBJECT, read
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import FIRST_SEEN, Answer, Options, Request
from tests.sources.recorded import exchanges, listed_in, only, reading_from, reading_of

FIXTURES = Path(__file__).parents[1] / "fixtures"


def test_what_is_served_comes_before_what_could_be_and_dates_count() -> None:
    listed = listed_in(reading_of("file"))
    assert listed["acme/maple-8b"].fields == {
        "display_name": "Maple 8B",
        "created_at": "2026-01-01T00:00:00Z",
        "max_input_tokens": 131072,
        "max_tokens": 8192,
        "lifecycle": "deprecated",
        "deprecated_at": FIRST_SEEN,
        "retires_at": "2027-05-01T00:00:00Z",
    }
    assert listed["oak-30b"].fields == {"created_at": "2026-02-02T02:40:00Z", "max_input_tokens": 32768}


@pytest.mark.parametrize(
    "number", range(len(json.loads((FIXTURES / "recorded-lists.json").read_text())["answers"]))
)
def test_every_recorded_list_of_anthropic_is_read_whole(number: int) -> None:
    body = json.loads((FIXTURES / "recorded-lists.json").read_text())["answers"][number]["body"]
    if json.loads(body).get("has_more"):
        with pytest.raises(SourceError, match="one page of a longer list"):
            reading_from("file", json.loads(body))
        return
    reading = reading_from("file", json.loads(body))
    sent = json.loads(body)["data"]
    assert [each.id for each in reading.listed] == [each["id"] for each in sent]
    assert [each.fields["display_name"] for each in reading.listed] == [each["display_name"] for each in sent]
    assert all(each.notes == () for each in reading.listed)


@pytest.mark.parametrize(
    ("recording", "path"),
    [
        ("openai", "GET /v1/models"),
        ("vllm", "GET /v1/models"),
        ("sglang", "GET /v1/models"),
        ("ollama", "GET /api/tags"),
        ("llamacpp", "GET /v1/models"),
        ("lmstudio", "GET /api/v1/models"),
        ("lmstudio-older", "GET /api/v0/models"),
    ],
)
def test_the_list_of_every_kind_of_upstream_is_read(recording: str, path: str) -> None:
    sent = exchanges(recording)[path]["json"]
    reading = reading_from("file", sent)
    assert len(reading.listed) == len(sent.get("data") or sent["models"])
    assert reading.dropped == ()


def test_a_bare_list_is_read() -> None:
    assert only(reading_from("file", [{"id": "a"}])).id == "a"


def test_rows_that_are_not_models_are_dropped_and_the_rest_counts() -> None:
    reading = reading_from("file", {"data": [{"id": "a"}, "text", {"name": "no id"}, {"id": "x" * 300}]})
    assert [each.id for each in reading.listed] == ["a"]
    assert reading.reasons() == {NOT_AN_OBJECT: 2, BAD_ID: 1}


def test_a_page_of_a_longer_list_is_refused() -> None:
    with pytest.raises(SourceError, match="one page of a longer list"):
        reading_from("file", {"data": [{"id": "a"}], "has_more": True})


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"<html>", "It holds what is not JSON."),
        (b"{}", "It holds JSON that is not a list of models."),
        (b'{"error": {"message": "no"}, "data": []}', "It holds an error in the place of a list."),
    ],
)
def test_anything_else_is_refused_in_one_sentence(body: bytes, sentence: str) -> None:
    with pytest.raises(SourceError) as raised:
        read(upstream_of("file"), [Answer(Request("GET", ""), 200, {}, body)], Options())
    assert str(raised.value) == sentence


def test_a_lifecycle_that_is_stated_counts_beside_a_date() -> None:
    row = {"id": "a", "lifecycle": "retired", "deprecated_at": "2025-01-01", "retires_at": "2025-06-01"}
    assert only(reading_from("file", [row])).fields == {
        "lifecycle": "retired",
        "deprecated_at": "2025-01-01T00:00:00Z",
        "retires_at": "2025-06-01T00:00:00Z",
    }
