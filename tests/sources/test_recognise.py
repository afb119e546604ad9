"""What kind of upstream answers, by the shapes of its answers."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callsheet.domain.errors import SourceError
from callsheet.sources.recognise import PROBES, authorization, recognise
from callsheet.sources.upstream import Answer, Request
from tests.sources.recorded import exchanges
from tests.sources.test_any_bytes import json_values

VERSIONED = "GET /v1/models +version"
NOT_FOUND = {"status": 404, "json": {"error": {"message": "Not Found"}}}
REFUSED = {
    "status": 401,
    "json": {"error": {"message": "Authentication Error, No api key passed in.", "code": "401"}},
}


def name_of(request: Request) -> str:
    return f"{request.method} {request.path}" + (" +version" if request.headers else "")


def answers_with(recorded: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> list[Answer]:
    """What a server answers to the probes that has nothing but ``recorded``."""
    answers = []
    for request in PROBES:
        found = recorded.get(name_of(request)) or recorded.get(f"{request.method} {request.path}", NOT_FOUND)
        answers.append(Answer(request, found["status"], headers or {}, json.dumps(found["json"]).encode()))
    return answers


def first_of(recording: str) -> Any:
    return next(iter(exchanges(recording).values()))


def ready() -> dict[str, Any]:
    body = {"status": "ok", "revision": 7, "age_seconds": 0.1, "database": "up", "models": 3}
    return {"status": 200, "json": body}


def alive() -> dict[str, Any]:
    return {"status": 200, "json": "I'm alive!"}


SERVERS: dict[str, dict[str, Any]] = {
    "anthropic": {VERSIONED: first_of("anthropic"), "GET /v1/models": REFUSED},
    "openai": exchanges("openai"),
    "vllm": exchanges("vllm"),
    "sglang": exchanges("sglang"),
    "ollama": {**exchanges("ollama"), "GET /v1/models": {"status": 200, "json": {"object": "list", "data": []}}},
    "llamacpp": exchanges("llamacpp"),
    "lmstudio": {**exchanges("lmstudio"), "GET /v1/models": exchanges("openai")["GET /v1/models"]},
    "gemini": {"GET /v1beta/models": first_of("gemini")},
    "openrouter": {"GET /api/v1/models": first_of("openrouter")},
    "litellm": {**exchanges("litellm"), "GET /health/liveliness": alive()},
    "models-dev": {"GET ": first_of("models-dev")},
    "litellm-prices": {"GET ": first_of("litellm-prices")},
    "callsheet": {
        VERSIONED: first_of("callsheet"),
        "GET /v1/models": first_of("callsheet"),
        "GET /readyz": ready(),
    },
    "file": exchanges("file"),
}


@pytest.mark.parametrize("kind", SERVERS)
def test_every_kind_is_recognised_with_its_evidence(kind: str) -> None:
    found = recognise(answers_with(SERVERS[kind]))
    assert found.kind == kind
    assert found.evidence


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("server", ["llama.cpp", "LiteLLM", "uvicorn", "openresty"])
def test_no_header_changes_what_is_recognised(kind: str, server: str) -> None:
    headers = {
        "server": server,
        "x-litellm-version": "1.106.2",
        "request-id": "req_1",
        "openai-version": "2020-10-01",
    }
    assert recognise(answers_with(SERVERS[kind], headers)) == recognise(answers_with(SERVERS[kind]))


@pytest.mark.parametrize(
    ("recorded", "kind"),
    [
        ({**SERVERS["vllm"], "GET /health/liveliness": alive()}, "litellm"),  # in front of vLLM, and lists its rows
        ({"GET /v1/models": REFUSED, "GET /health/liveliness": alive()}, "litellm"),
        (
            {  # without a credential, as it is without a database
                "GET /v1/models": {"status": 500, "json": None},
                "GET /health/liveliness": alive(),
                "GET /props": {"status": 404, "json": {"detail": "Not Found"}},
            },
            "litellm",
        ),
        ({**SERVERS["llamacpp"], "GET /api/tags": exchanges("ollama")["GET /api/tags"]}, "llamacpp"),
        ({"GET /props": exchanges("llamacpp-older")["GET /props"]}, "llamacpp"),
        ({**exchanges("lmstudio-older"), "GET /v1/models": exchanges("openai")["GET /v1/models"]}, "lmstudio"),
        ({"GET /v1/models": {"status": 200, "json": {"object": "list", "data": []}}}, "openai"),
        ({"GET /v1/models": first_of("openrouter")}, "openrouter"),
    ],
)
def test_the_most_particular_sign_counts(recorded: dict[str, Any], kind: str) -> None:
    assert recognise(answers_with(recorded)).kind == kind


def test_an_ollama_without_models_is_recognised_by_both_of_its_lists() -> None:
    empty = {"status": 200, "json": {"object": "list", "data": None}}
    tags = {"status": 200, "json": {"models": []}}
    assert recognise(answers_with({"GET /api/tags": tags, "GET /v1/models": empty})).kind == "ollama"
    with pytest.raises(SourceError):
        recognise(answers_with({"GET /api/tags": tags}))


@pytest.mark.parametrize(
    "recorded",
    [
        {"GET /health/liveliness": alive()},
        {"GET /readyz": ready()},
        {"GET /v1/models": {"status": 200, "json": {"data": [{"owned_by": "vllm"}]}}},
    ],
)
def test_one_sign_that_others_could_give_is_not_enough(recorded: dict[str, Any]) -> None:
    with pytest.raises(SourceError, match="Nothing that answers there"):
        recognise(answers_with(recorded))


def test_anthropic_is_recognised_by_how_it_refuses() -> None:
    error = {"type": "error", "error": {"type": "authentication_error", "message": "invalid x-api-key"}}
    assert recognise(answers_with({"GET /v1/models": {"status": 401, "json": error}})).kind == "anthropic"


def test_a_server_that_refuses_says_what_to_do() -> None:
    refused = {f"GET {each.path}": {"status": 401, "json": {"detail": "Unauthorized"}} for each in PROBES}
    with pytest.raises(SourceError, match="refuses this secret"):
        recognise(answers_with(refused))


def test_a_page_for_people_at_every_path_is_nothing() -> None:
    pages = [Answer(request, 200, {}, b"<!doctype html><title>App</title>") for request in PROBES]
    with pytest.raises(SourceError, match="Nothing that answers there is a list of models"):
        recognise(pages)


def test_the_secret_goes_where_any_of_them_reads_it() -> None:
    assert set(authorization("s").values()) == {"s", "Bearer s"}
    assert authorization("") == {}


@given(st.lists(st.tuples(st.sampled_from([200, 401, 404]), st.binary(max_size=50) | json_values), max_size=9))
def test_whatever_answers_is_recognised_or_refused(sent: list[tuple[int, Any]]) -> None:
    answers = [
        Answer(request, status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())
        for request, (status, body) in zip(PROBES, sent, strict=False)
    ]
    try:
        assert recognise(answers).evidence
    except SourceError as error:
        sentence = str(error)
        assert sentence.endswith(".")
