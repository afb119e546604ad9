"""Ollama: what it serves, not what its models were trained for."""

import json
from typing import Any

import pytest

from callsheet.sources.ollama import EMBEDS, NOT_TEXT, TRAINED
from callsheet.sources.read import Reading, read
from callsheet.sources.registry import upstream_of
from callsheet.sources.upstream import Dropped, LastKnown, Options, Request
from tests.sources.recorded import answer_to, answers_of, ask, exchanges, listed_in, reading_of


def changed(name: str, recorded: dict[str, Any]) -> Reading:
    """What the recording comes to when one answer is another."""
    upstream = upstream_of("ollama")
    whole = {**exchanges("ollama"), name: recorded}
    answers = ask(upstream, Options(), lambda request: answer_to(request, whole))
    return read(upstream, answers, Options())


def test_the_context_of_a_loaded_model_is_the_one_with_which_it_runs() -> None:
    """https://github.com/NousResearch/hermes-agent/pull/8961 https://github.com/ollama/ollama/issues/6902"""
    maple = listed_in(reading_of("ollama"))["maple:latest"]  # trained for 131072, configured to 16384
    assert maple.fields["max_input_tokens"] == 8192
    assert maple.notes == ()


def test_the_context_of_a_model_that_is_not_loaded_is_the_one_that_is_configured() -> None:
    assert listed_in(reading_of("ollama"))["maple-long:8b"].fields["max_input_tokens"] == 65536


def test_the_trained_context_counts_only_until_another_is_known_and_is_noted() -> None:
    spruce = listed_in(reading_of("ollama"))["spruce-vl:3b"]
    assert spruce.fields["max_input_tokens"] == LastKnown(128000)
    assert spruce.notes == (TRAINED,)


def test_a_model_that_runs_elsewhere_has_all_of_its_context() -> None:
    assert listed_in(reading_of("ollama"))["pine:120b-cloud"].fields["max_input_tokens"] == 262144


@pytest.mark.parametrize("status", [404, 500])
def test_without_the_list_of_loaded_models_the_configured_context_counts(status: int) -> None:
    listed = listed_in(changed("GET /api/ps", {"status": status, "json": {}}))
    assert listed["maple:latest"].fields["max_input_tokens"] == 16384


def test_a_model_without_settings_is_listed_with_what_is_known() -> None:
    name = 'POST /api/show {"model": "maple-long:8b"}'
    model = listed_in(changed(name, {"status": 404, "json": {"error": "model not found"}}))["maple-long:8b"]
    assert model.fields["max_input_tokens"] == LastKnown(131072)


def test_what_embeds_or_paints_is_dropped_because_ollama_says_so() -> None:
    assert reading_of("ollama").dropped == (
        Dropped("birch-embed:latest", EMBEDS),
        Dropped("elm-paint:latest", NOT_TEXT),
    )


def test_capabilities_come_from_the_list_or_else_from_the_settings() -> None:
    listed = listed_in(reading_of("ollama"))
    assert listed["spruce-vl:3b"].fields["capabilities"] == {
        "image_input": {"supported": True},
        "thinking": {"supported": False},
    }
    assert listed["maple-long:8b"].fields["capabilities"] == {
        "image_input": {"supported": False},
        "thinking": {"supported": True},
    }


def test_a_name_without_a_tag_means_the_latest() -> None:
    listed = listed_in(reading_of("ollama"))
    assert {each.id: each.aliases for each in listed.values() if each.aliases} == {"maple:latest": ("maple",)}


def test_its_time_is_when_it_was_last_changed() -> None:
    created = listed_in(reading_of("ollama"))["maple:latest"].fields["created_at"]
    assert created == "2026-11-02T08:15:30.123456Z"


def test_the_settings_of_a_model_are_dated_by_its_digest() -> None:
    """An unchanged model need not be asked for again."""
    first, second, *shows = [answer.request for answer in answers_of("ollama")]
    assert (first, second) == (Request("GET", "/api/tags"), Request("GET", "/api/ps"))
    assert [json.loads(each.body or b"")["model"] for each in shows] == [
        row["model"] for row in exchanges("ollama")["GET /api/tags"]["json"]["models"]
    ]
    assert shows[0].version.startswith("46e0c10c")


def test_an_installation_without_models_is_asked_for_nothing_more() -> None:
    recorded = {"GET /api/tags": {"status": 200, "json": {"models": None}}}
    answers = ask(upstream_of("ollama"), Options(), lambda request: answer_to(request, recorded))
    assert len(answers) == 2
    assert read(upstream_of("ollama"), answers, Options()).listed == ()


def test_a_setting_inside_a_text_is_not_a_setting() -> None:
    parameters = 'stop                           "num_ctx 5"\n'
    show = {"status": 200, "json": {"parameters": parameters}}
    model = listed_in(changed('POST /api/show {"model": "maple-long:8b"}', show))["maple-long:8b"]
    assert model.fields["max_input_tokens"] == LastKnown(131072)
