"""Gemini's list, and what its rows come to."""

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources import gemini
from callsheet.sources.upstream import Answer, Options, Request
from tests.sources.recorded import answers_of, listed_in, reading_of

FIRST = "/v1beta/models?pageSize=1000"


def page(body: bytes, path: str = FIRST) -> Answer:
    return Answer(Request("GET", path), 200, {}, body)


def test_models_that_generate_content_are_listed_without_the_prefix_of_their_names() -> None:
    reading = reading_of("gemini")
    assert listed_in(reading)["aurora-3-pro"].fields == {
        "display_name": "Aurora 3 Pro",
        "description": "The largest Aurora. For long documents.",
        "max_input_tokens": 1048576,
        "max_tokens": 65536,
        "capabilities": {"batch": {"supported": True}, "thinking": {"supported": True}},
    }
    assert [each.id for each in reading.listed] == ["aurora-3-pro", "aurora-3-flash"]
    assert reading.reasons() == {gemini.NO_GENERATION: 2}


def test_that_a_row_is_silent_about_thinking_says_nothing() -> None:
    assert listed_in(reading_of("gemini"))["aurora-3-flash"].fields["capabilities"] == {
        "batch": {"supported": False}
    }


def test_no_date_is_claimed_so_that_an_enrichment_can_fill_it_in() -> None:
    assert all("created_at" not in each.fields for each in reading_of("gemini").listed)


def test_pages_are_asked_for_by_their_token_which_is_percent_encoded() -> None:
    assert [answer.request.path for answer in answers_of("gemini")] == [
        FIRST,
        f"{FIRST}&pageToken=Ch1tb2RlbHMvYXVyb3JhLTMtcHJv%2B%2F%3D%3D",
    ]


def test_pages_that_lead_back_are_refused() -> None:
    first, second = page(b'{"nextPageToken": "a"}'), page(b'{"nextPageToken": "a"}', f"{FIRST}&pageToken=a")
    assert gemini.requests(Options(), [first]) == (second.request,)
    with pytest.raises(SourceError, match="The pages of the list do not end"):
        gemini.requests(Options(), [first, second])


@pytest.mark.parametrize("token", ["7", "[]", '"tab\\t"', '"\\ud800"', f'"{"x" * 5000}"'])
def test_a_token_that_is_not_short_printable_text_is_refused(token: str) -> None:
    with pytest.raises(SourceError, match='a page whose "nextPageToken" cannot be used'):
        gemini.requests(Options(), [page(b'{"models": [], "nextPageToken": %s}' % token.encode())])


def test_an_empty_page_has_no_list_as_google_leaves_out_what_is_empty() -> None:
    assert gemini.rows([page(b'{"nextPageToken": "a"}'), page(b"{}")]) == []


@pytest.mark.parametrize("body", [b"[]", b'{"data": []}', b'{"models": {}}', b"null", b"", b'{"error": {}}'])
def test_any_other_page_is_refused(body: bytes) -> None:
    with pytest.raises(SourceError):
        gemini.rows([page(body)])


def test_the_key_goes_in_googles_header_and_not_in_the_url() -> None:
    assert gemini.authorization("AIza") == {"x-goog-api-key": "AIza"}
