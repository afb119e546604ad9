"""Upstreams as they really are: recognised by their answers, and read as they serve."""

import json
from collections.abc import Iterator

import pytest

from callsheet.domain.errors import SourceError
from callsheet.sources.choosing import Choice, choose
from callsheet.sources.mapping import map_list
from callsheet.sources.upstream import FIRST_SEEN, LastKnown, Listed, Request
from tests.clients.server import ClientServer, run_server
from tests.sources.real import Upstream, litellm, llamacpp, ollama
from tests.sources.recorded import exchanges, listed_in, only
from tests.tiers import exhaustive

pytestmark = exhaustive

BEHIND_LITELLM: list[dict[str, object]] = [
    {
        "model_name": "team-nova",
        "litellm_params": {"model": "anthropic/claude-sonnet-4-5-20250929", "api_key": "sk-ant-of-the-gateway"},
        "model_info": {"max_input_tokens": 200_000, "max_output_tokens": 64_000},
    },
    {
        "model_name": "team-nova",
        "litellm_params": {"model": "openai/gpt-4o", "api_key": "sk-oai-of-the-gateway"},
        "model_info": {"max_input_tokens": 128_000, "max_output_tokens": 16_384},
    },
    {
        "model_name": "vectors",
        "litellm_params": {"model": "openai/text-embedding-3-small", "api_key": "sk-oai-of-the-gateway"},
    },
    {"model_name": "anything/*", "litellm_params": {"model": "openai/*", "api_key": "sk-oai-of-the-gateway"}},
]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with llamacpp(tmp_path_factory.mktemp("llamacpp")) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    modelfiles = {"tiny": "", "configured:1b": "PARAMETER num_ctx 2048", "idle": "PARAMETER temperature 0.5"}
    with ollama(tmp_path_factory.mktemp("ollama"), modelfiles) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with litellm(tmp_path_factory.mktemp("litellm"), BEHIND_LITELLM) as upstream:
        yield upstream


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Upstream, ClientServer]]:
    with run_server(tmp_path_factory.mktemp("callsheet")) as server:
        yield Upstream(server.url, server.key), server


def test_llamacpp_is_recognised(llama: Upstream) -> None:
    assert llama.recognise().kind == "llamacpp"


def test_llamacpp_without_its_key_asks_for_it(llama: Upstream) -> None:
    with pytest.raises(SourceError, match="give the right one with --secret-file"):
        llama.recognise(with_secret=False)
    with pytest.raises(SourceError, match="status 401: Invalid API Key"):
        Upstream(llama.url, "wrong").read("llamacpp")


def test_llamacpp_lists_what_a_slot_serves(llama: Upstream) -> None:
    assert only(llama.read("llamacpp")) == Listed(
        "small",
        {"created_at": FIRST_SEEN, "max_input_tokens": 512, "capabilities": {"image_input": {"supported": False}}},
        ("tiny",),
    )


def test_the_recording_of_llamacpp_has_the_shape_that_it_has(llama: Upstream) -> None:
    (answer,) = llama.answers("llamacpp")
    assert shape_of(json.loads(answer.body)) == shape_of(exchanges("llamacpp")["GET /v1/models"]["json"])


def test_llamacpp_is_read_as_an_openai_server_too(llama: Upstream) -> None:
    assert only(llama.read("openai")).id == "small"


def shape_of(value: object) -> object:
    """The names and types of a JSON value; of a list, those of its first value."""
    if isinstance(value, dict):
        return {name: shape_of(each) for name, each in value.items()}
    return [shape_of(each) for each in value[:1]] if isinstance(value, list) else type(value)


def test_ollama_is_recognised_whichever_of_its_urls_is_given(local: Upstream) -> None:
    assert local.recognise().kind == "ollama"
    assert Upstream(f"{local.url}/v1", "").recognise().kind == "ollama"


def test_ollama_serves_less_than_a_model_was_trained_for(local: Upstream) -> None:
    """https://github.com/ollama/ollama/issues/6902"""
    before = listed_in(local.read("ollama"))
    assert before["idle:latest"].fields["max_input_tokens"] == LastKnown(8192)
    assert before["configured:1b"].fields["max_input_tokens"] == 2048
    question = {"model": "tiny", "prompt": "a", "stream": False, "options": {"num_predict": 1, "num_ctx": 1024}}
    assert local.send(Request("POST", "/api/generate", {}, json.dumps(question).encode()), {}).status == 200
    after = listed_in(local.read("ollama"))
    assert after["tiny:latest"].fields["max_input_tokens"] == 1024
    assert after["tiny:latest"].guessed == {"max_input_tokens": 8192}
    assert after["idle:latest"] == before["idle:latest"]


def test_ollamas_models_have_their_own_dates_and_a_name_without_tag(local: Upstream) -> None:
    reading = local.read("ollama")
    assert {each.id: each.aliases for each in reading.listed} == {
        "tiny:latest": ("tiny",), "idle:latest": ("idle",), "configured:1b": (),
    }  # fmt: skip
    assert all(each.fields["created_at"] > "2026" for each in reading.listed)


def test_the_recording_of_ollama_has_what_the_real_one_has(local: Upstream) -> None:
    recorded = exchanges("ollama")
    for answer in local.answers("ollama")[:2]:
        theirs = shape_of(json.loads(answer.body))
        ours = shape_of(recorded[f"GET {answer.request.path}"]["json"])
        assert isinstance(theirs, dict)
        assert isinstance(ours, dict)
        for mine, real in zip(ours["models"], theirs["models"], strict=False):
            assert set(real) <= set(mine)
            assert {name: mine[name] for name in set(real) - {"details"}} == {
                name: real[name] for name in set(real) - {"details"}
            }


def test_litellm_is_recognised_with_and_without_a_key(gateway: Upstream) -> None:
    assert gateway.recognise().kind == "litellm"
    assert gateway.recognise(with_secret=False).kind == "litellm"


def test_litellm_lists_the_smallest_limits_of_its_deployments_and_no_wildcard(gateway: Upstream) -> None:
    reading = gateway.read("litellm")
    nova = listed_in(reading)["team-nova"]
    assert (nova.fields["max_input_tokens"], nova.fields["max_tokens"]) == (128_000, 16_384)
    assert "created_at" not in nova.fields or nova.fields["created_at"] is FIRST_SEEN
    assert "vectors" in {each.id for each in reading.dropped}
    assert not any("*" in each.id for each in reading.listed)


def test_no_secret_of_litellms_deployments_is_in_what_is_read(gateway: Upstream) -> None:
    reading = gateway.read("litellm")
    assert "of-the-gateway" not in repr((reading, map_list(reading.listed, reading.dropped)))


def test_another_callsheet_is_recognised_and_read_whole(other: tuple[Upstream, ClientServer]) -> None:
    upstream, server = other
    found = upstream.recognise()
    assert found.kind == "callsheet"
    reading = upstream.read("callsheet")
    assert [each.id for each in reading.listed] == server.ids_of("active", "deprecated", "retired")
    assert reading.dropped == ()
    by_id = listed_in(reading)
    for model in server.catalog:
        if not model["hidden"]:
            fields = by_id[model["id"]].fields
            assert all(fields[name] == model[name] for name in fields)


def test_what_another_callsheet_lists_can_be_chosen_under_a_prefix(other: tuple[Upstream, ClientServer]) -> None:
    listed = other[0].read("callsheet").listed
    chosen = choose(listed, Choice(prefix="branch/"))
    assert [each.id for each in chosen] == [f"branch/{each.id}" for each in listed]


def test_a_callsheet_is_read_as_an_anthropic_server_too(other: tuple[Upstream, ClientServer]) -> None:
    upstream, _ = other
    assert upstream.read("anthropic").listed == upstream.read("callsheet").listed
