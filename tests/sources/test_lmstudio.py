"""LM Studio, whose older releases answer 200 for paths that they do not have."""

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources.lmstudio import EMBEDS, LOADABLE
from callsheet.sources.read import read
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import FIRST_SEEN, Answer, Dropped, LastKnown, Options, Request
from tests.sources.recorded import answers_of, ask, listed_in, only, reading_of


def test_of_several_instances_the_smallest_context_counts() -> None:
    """What a request gets depends on which of them answers."""
    maple = listed_in(reading_of("lmstudio"))["acme/maple-8b"]
    assert maple.fields == {
        "display_name": "Maple 8B",
        "created_at": FIRST_SEEN,
        "max_input_tokens": 4096,
        "capabilities": {"image_input": {"supported": False}},
        "description": "A small model for everything.",
    }


def test_what_a_model_could_be_loaded_with_counts_only_until_it_is_loaded() -> None:
    spruce = listed_in(reading_of("lmstudio"))["acme/spruce-vl"]
    assert spruce.fields["max_input_tokens"] == LastKnown(32768)
    assert spruce.fields["capabilities"] == {"image_input": {"supported": True}}
    assert spruce.notes == (LOADABLE,)


def test_embedding_models_are_dropped_by_their_type() -> None:
    assert reading_of("lmstudio").dropped == (Dropped("text-embedding-birch", EMBEDS),)
    assert reading_of("lmstudio-older", "lmstudio").dropped == (Dropped("text-embedding-birch", EMBEDS),)


def test_an_older_release_is_asked_for_its_older_list() -> None:
    paths = [answer.request.path for answer in answers_of("lmstudio-older", "lmstudio")]
    assert paths == ["/api/v1/models", "/api/v0/models"]
    listed = listed_in(reading_of("lmstudio-older", "lmstudio"))
    assert listed["maple-8b-instruct"].fields == {"created_at": FIRST_SEEN, "max_input_tokens": 8192}
    assert listed["spruce-vl-7b"].fields["capabilities"] == {"image_input": {"supported": True}}


def respond_with(bodies: dict[str, bytes], status: int = 404) -> tuple[Answer, ...]:
    def respond(request: Request) -> Answer:
        body = bodies.get(request.path)
        return Answer(request, status if body is None else 200, {}, body or b'{"error": "no such thing"}')

    return ask(upstream_of("lmstudio"), Options(), respond)


def test_without_both_the_list_of_openai_counts() -> None:
    answers = respond_with({"/v1/models": b'{"data": [{"id": "a"}]}'})
    model = only(read(upstream_of("lmstudio"), answers, Options()))
    assert model.fields == {"created_at": FIRST_SEEN, "max_input_tokens": LastKnown()}


@pytest.mark.parametrize(("status", "sentence"), [(401, "status 401: no such thing"), (200, 'no list "data"')])
def test_without_any_list_the_last_answer_says_why(status: int, sentence: str) -> None:
    answers = respond_with({}, status)
    with pytest.raises(SourceError, match=sentence):
        read(upstream_of("lmstudio"), answers, Options())
