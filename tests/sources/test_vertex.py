"""Lists of publishers on Vertex AI, and what their rows come to."""

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources import vertex
from callsheet.sources.read import read
from callsheet.sources.upstream import Answer, Options, Request
from tests.sources.recorded import answers_of, reading_of

BOTH = Options(provider="acme, anthropic")


def test_every_publisher_is_asked_page_by_page_one_after_the_other() -> None:
    assert [answer.request.path for answer in answers_of("vertex", options=BOTH)] == [
        "/v1beta1/publishers/acme/models?pageSize=100",
        "/v1beta1/publishers/acme/models?pageSize=100&pageToken=AMEw9yNl",
        "/v1beta1/publishers/anthropic/models?pageSize=100",
    ]


def test_a_model_has_the_id_with_which_it_is_called_and_nothing_else_is_known() -> None:
    listed = reading_of("vertex", options=BOTH).listed
    assert [each.id for each in listed] == ["aurora-3-pro", "claude-haiku-4-5@20251001", "claude-opus-4-8"]
    assert [each.fields for each in listed] == [{}, {}, {}]


@pytest.mark.parametrize("provider", ["", "Acme Inc", "a/b", "anthropic,", "../x"])
def test_the_publishers_must_be_named(provider: str) -> None:
    with pytest.raises(SourceError, match="--provider anthropic,google"):
        vertex.requests(Options(provider=provider), ())


@pytest.mark.parametrize("name", ["", "models/a", "publishers/a/models/", "publishers/a/models/b/c", None, 7])
def test_a_row_with_another_name_is_dropped(name: object) -> None:
    body = b'{"publisherModels": [{"name": %s}]}' % (
        b"null" if name is None else repr(name).replace("'", '"').encode()
    )
    answer = Answer(Request("GET", "/v1beta1/publishers/anthropic/models?pageSize=100"), 200, {}, body)
    assert read(vertex, [answer], BOTH).reasons() == {vertex.OTHER_NAME: 1}


def test_the_access_token_goes_as_a_bearer_token() -> None:
    assert vertex.authorization("ya29.x") == {"authorization": "Bearer ya29.x"}
