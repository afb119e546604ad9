"""llama.cpp's server: alone, as a router, and as it was before it listed its limit."""

from callsheet.sources.llamacpp import NOT_TEXT
from callsheet.sources.upstream import FIRST_SEEN, Dropped, LastKnown, Listed
from tests.sources.recorded import answers_of, listed_in, only, reading_from, reading_of


def test_the_limit_is_what_a_slot_has_not_what_the_model_was_trained_for() -> None:
    assert only(reading_of("llamacpp")) == Listed(
        "tiny",
        {"created_at": FIRST_SEEN, "max_input_tokens": 512, "capabilities": {"image_input": {"supported": False}}},
        ("small",),
    )


def test_a_server_that_lists_its_limit_is_asked_for_nothing_more() -> None:
    assert [answer.request.path for answer in answers_of("llamacpp")] == ["/v1/models"]


def test_a_server_that_does_not_list_its_limit_states_it_in_its_properties() -> None:
    assert [answer.request.path for answer in answers_of("llamacpp-older", "llamacpp")] == ["/v1/models", "/props"]
    assert only(reading_of("llamacpp-older", "llamacpp")).fields == {
        "created_at": FIRST_SEEN,
        "max_input_tokens": 4096,
        "capabilities": {"image_input": {"supported": True}},
    }


def test_a_router_knows_of_a_model_that_is_not_loaded_only_what_was_known_last() -> None:
    assert [answer.request.path for answer in answers_of("llamacpp-router", "llamacpp")] == ["/v1/models"]
    loaded, unloaded = reading_of("llamacpp-router", "llamacpp").listed
    assert loaded.fields["max_input_tokens"] == 16384
    assert loaded.fields["capabilities"] == {"image_input": {"supported": True}}
    assert unloaded.fields == {
        "created_at": FIRST_SEEN, "max_input_tokens": LastKnown(), "capabilities": LastKnown(),
    }  # fmt: skip


def test_the_trained_context_alone_is_never_the_limit() -> None:
    model = only(reading_from("llamacpp", {"data": [{"id": "a", "meta": {"n_ctx_train": 131072}}]}))
    assert model.fields["max_input_tokens"] == LastKnown()


def test_a_model_that_does_not_generate_text_is_dropped() -> None:
    row = {"id": "a", "architecture": {"output_modalities": ["embeddings"]}}
    assert reading_from("llamacpp", {"data": [row]}).dropped == (Dropped("a", NOT_TEXT),)


def test_the_list_beside_the_list_does_not_count() -> None:
    assert list(listed_in(reading_from("llamacpp", {"models": [{"name": "b"}], "data": [{"id": "a"}]}))) == ["a"]
