"""Anthropic's list and another Callsheet's, page by page."""

import json
from typing import Any

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources import anthropic, callsheet
from callsheet.sources.read import read
from callsheet.sources.upstream import Answer, Options, Request
from tests.sources.recorded import answers_of, ask, exchanges, listed_in, only, reading_from, reading_of

FIRST = "/v1/models?limit=1000&lifecycle[]=active&lifecycle[]=deprecated&lifecycle[]=retired"
FIRST_PAGE = f"GET {FIRST}"


def page(request: Request, ids: list[str], *, more: bool = False, last: Any = "") -> Answer:
    last = last or (ids[-1] if ids else None)
    body = {"data": [{"id": each} for each in ids], "has_more": more, "first_id": None, "last_id": last}
    return Answer(request, 200, {}, json.dumps(body).encode())


def test_every_page_is_asked_for_with_the_version_and_all_lifecycles() -> None:
    requests = [answer.request for answer in answers_of("anthropic")]
    assert [request.path for request in requests] == [FIRST, f"{FIRST}&after_id=claude-cedar-2"]
    assert {request.headers["anthropic-version"] for request in requests} == {"2023-06-01"}


def test_every_field_with_a_value_is_claimed() -> None:
    listed = listed_in(reading_of("anthropic"))
    assert listed["claude-cedar-3"].fields == {
        "display_name": "Claude Cedar 3",
        "created_at": "2026-09-25T00:00:00Z",
        "capabilities": exchanges("anthropic")[FIRST_PAGE]["json"]["data"][0]["capabilities"],
        "line": "opus",
        "max_input_tokens": 1_000_000,
        "max_tokens": 128_000,
        "lifecycle": "active",
    }
    assert listed["claude-cedar-2"].fields["retires_at"] == "2027-02-01T00:00:00Z"


def test_null_the_year_1970_and_a_name_that_is_the_id_claim_nothing() -> None:
    assert listed_in(reading_of("anthropic"))["claude-cedar-1"].fields == {
        "lifecycle": "retired",
        "deprecated_at": "2025-06-01T00:00:00Z",
        "retires_at": "2025-12-01T00:00:00Z",
    }


def test_a_server_that_refuses_the_filter_is_asked_without_it_on_every_page() -> None:
    def respond(request: Request) -> Answer:
        if "lifecycle" in request.path:
            return Answer(request, 400, {}, b'{"error": {"message": "unknown parameter"}}')
        return page(request, ["b"]) if "after_id" in request.path else page(request, ["a"], more=True)

    answers = ask(anthropic, Options(), respond)
    assert [answer.request.path for answer in answers] == [
        FIRST, "/v1/models?limit=1000", "/v1/models?limit=1000&after_id=a",
    ]  # fmt: skip
    assert [each.id for each in read(anthropic, answers, Options()).listed] == ["a", "b"]


def test_an_id_with_reserved_characters_is_escaped_in_the_next_request() -> None:
    answers = ask(
        anthropic, Options(), lambda request: page(request, ["a/b c&d+é"], more="after_id" not in request.path)
    )
    assert answers[1].request.path == f"{FIRST}&after_id=a%2Fb%20c%26d%2B%C3%A9"


def test_pages_that_repeat_are_refused() -> None:
    with pytest.raises(SourceError, match="do not end"):
        ask(anthropic, Options(), lambda request: page(request, ["a"], more=True))


@pytest.mark.parametrize("last", [None, 7, ""])
def test_a_page_without_the_cursor_of_the_next_is_refused(last: Any) -> None:
    answer = Answer(
        Request("GET", FIRST), 200, {}, json.dumps({"data": [{}], "has_more": True, "last_id": last}).encode()
    )
    with pytest.raises(SourceError, match="but not after which model"):
        anthropic.requests(Options(), [answer])


def test_a_later_page_that_fails_fails_the_list() -> None:
    def respond(request: Request) -> Answer:
        if "after_id" in request.path:
            return Answer(request, 529, {}, b'{"error": {"message": "Overloaded"}}')
        return page(request, ["a"], more=True)

    answers = ask(anthropic, Options(), respond)
    with pytest.raises(SourceError, match="status 529: Overloaded"):
        read(anthropic, answers, Options())


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("line", "Not A Line", "'Not A Line'"),
        ("line", 7, "7"),
        ("max_input_tokens", 0, "0"),
        ("max_tokens", 2**53, "9007199254740992"),
        ("lifecycle", "sunset", "'sunset'"),
        ("capabilities", {"batch": "yes"}, "an object"),
        ("capabilities", ["batch"], "a list"),
        ("display_name", "\n", "'\\n'"),
        ("deprecated_at", "1969-01-01", "'1969-01-01'"),
    ],
)
def test_a_value_that_no_model_can_have_is_left_out_with_a_note(field: str, value: Any, shown: str) -> None:
    model = only(reading_from("anthropic", {"data": [{"id": "a", field: value}]}))
    assert model.fields == {}
    assert model.notes == (f"{field} is left out, because {shown} makes no sense for it",)


def test_plain_booleans_are_read_as_capabilities() -> None:
    model = only(reading_from("anthropic", {"data": [{"id": "a", "capabilities": {"batch": True}}]}))
    assert model.fields == {"capabilities": {"batch": {"supported": True}}}


def test_a_description_is_put_on_one_line_and_cut_at_its_maximum() -> None:
    rows = [{"id": "a", "description": "One\n two\x00"}, {"id": "b", "description": "word " * 300}]
    first, second = reading_from("anthropic", {"data": rows}).listed
    assert first.fields == {"description": "One two"}
    assert len(second.fields["description"]) <= 1000
    assert second.fields["description"].endswith("word…")


def test_keys_and_tokens_go_in_the_headers_that_are_theirs() -> None:
    assert anthropic.authorization("sk-ant-api03-x") == {"x-api-key": "sk-ant-api03-x"}
    assert anthropic.authorization("sk-ant-oat01-x") == {"authorization": "Bearer sk-ant-oat01-x"}
    assert callsheet.authorization("sk-x") == {"authorization": "Bearer sk-x"}


def test_another_callsheet_is_read_as_anthropic_with_its_descriptions() -> None:
    listed = listed_in(reading_of("callsheet"))
    assert list(listed) == ["claude-cedar-3", "claude-cedar-2", "claude-cedar-1"]
    assert listed["claude-cedar-3"].fields["description"] == "For long work. Ask the platform team."
