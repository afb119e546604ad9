"""Section 7: OpenAI's shapes, for clients that send Bearer and nothing of Anthropic's."""

from datetime import UTC, datetime

import pytest

from callsheet.domain.times import parse_instant
from tests.doors import Door, Headers, Reply, reading
from tests.installation import Installation, make_model


def ask(door: Door, target: str, *more: tuple[str, str], method: str = "GET") -> Reply:
    return door.ask(method, target, [("authorization", f"Bearer {door.secret}"), *more])


@pytest.fixture
def two(empty: Installation) -> Installation:
    """A model of which everything is known, and one of which nothing is."""
    empty.add(
        make_model("claude-x", "2026-02-04", line="opus", max_input_tokens=200000, max_tokens=64000, source="s"),
        make_model("renamed", "2026-01-01", display_name="The name"),
        make_model("plain", "1970-01-01"),
    )
    return empty


def test_the_list_and_a_model_are_written_as_openai_writes_them(door: Door, two: Installation) -> None:
    full = (
        '{"id":"claude-x","object":"model","created":1770163200,"owned_by":"s",'
        '"context_window":200000,"max_completion_tokens":64000,"max_model_len":200000,"context_length":200000}'
    )
    named = '{"id":"renamed","object":"model","created":1767225600,"owned_by":"callsheet","name":"The name"}'
    bare = '{"id":"plain","object":"model","created":0,"owned_by":"callsheet"}'
    assert ask(door, "/v1/models").body.decode() == f'{{"object":"list","data":[{full},{named},{bare}]}}'
    assert ask(door, "/v1/models/claude-x").body.decode() == full
    assert ask(door, "/v1/models/plain").body.decode() == bare


def test_the_owner_is_the_source_or_anthropic_for_its_lines_or_the_line_or_callsheet(
    door: Door, empty: Installation
) -> None:
    empty.add(
        make_model("a", line="opus", source="ollama"),
        make_model("b", source="ollama"),
        make_model("c", line="saga"),
        make_model("d", line="fable"),
        make_model("e"),
    )
    owners = {model["id"]: model["owned_by"] for model in ask(door, "/v1/models").json["data"]}
    assert owners == {
        "a": "ollama",
        "b": "ollama",
        "c": "saga",
        "d": "anthropic",
        "e": "callsheet",
    }


def test_the_list_is_whole_whatever_the_query_says(door: Door, empty: Installation) -> None:
    empty.add_at_once(make_model(f"m{number:03}") for number in range(120))
    whole = ask(door, "/v1/models")
    assert len(whole.ids) == 120
    for query in ("limit=1", "limit=0", "after_id=m007", "after_id=nobody", "lifecycle=gone", "beta=true"):
        assert ask(door, f"/v1/models?{query}").body == whole.body, query


def test_the_day_a_model_retires_is_its_shutdown_date(door: Door, letters: Installation) -> None:
    letters.catalog.deprecate("b", retires_at=parse_instant("2099-03-01T23:59:59Z"))
    letters.catalog.deprecate("c")
    letters.catalog.retire("d")
    dates = {name: ask(door, f"/v1/models/{name}").json.get("shutdown_date") for name in "abcd"}
    today = str(datetime.now(UTC).date())
    assert dates == {"a": None, "b": "2099-03-01", "c": None, "d": today}


def test_with_the_setting_missing_version_an_api_key_without_a_version_gets_openai_s_shapes(door: Door) -> None:
    key = ("x-api-key", door.secret)
    assert door.ask("GET", "/v1/models", [key]).status == 400
    door.set_up(missing_version="openai")
    for headers in ([key], [key, ("authorization", "Bearer sk-other")], [key, ("anthropic-beta", "x")]):
        assert door.ask("GET", "/v1/models", headers).body == ask(door, "/v1/models").body
        assert door.ask("GET", "/v1/models/claude-opus-5", headers).json["object"] == "model"
    wrong = door.ask("GET", "/v1/models", {"x-api-key": "sk-wrong"})
    assert (wrong.status, wrong.json["error"]["code"]) == (401, "invalid_api_key")
    assert "first_id" in door.get("/v1/models").json
    assert door.ask("GET", "/v1/models").error == (401, "authentication_error", "x-api-key header is required")


def test_an_empty_list_is_written_as_openai_writes_it(door: Door, empty: Installation) -> None:
    assert ask(door, "/v1/models").body == b'{"object":"list","data":[]}'


def test_retired_models_are_not_listed_but_can_be_retrieved(door: Door, letters: Installation) -> None:
    letters.catalog.deprecate("d")
    letters.catalog.retire("e")
    assert ask(door, "/v1/models").ids == ["a", "b", "c", "d"]
    assert ask(door, "/v1/models/e").json["id"] == "e"


def test_paths_and_ids_are_spelled_as_freely(door: Door, empty: Installation) -> None:
    empty.add(make_model("hf.co/org/m:Q4"))
    empty.catalog.alias("short", "hf.co/org/m:Q4")
    for name in ("hf.co/org/m:Q4", "hf.co%2Forg%2Fm%3AQ4", "short", "short/"):
        assert ask(door, f"/v1/models/{name}").json["id"] == "hf.co/org/m:Q4"
    assert ask(door, "/v1/v1/models/").ids == ["hf.co/org/m:Q4"]


@reading
def test_only_bearer_without_a_version_and_without_x_api_key_is_openai(door: Door) -> None:
    bearer, key = ("authorization", f"bearer {door.secret}"), ("x-api-key", door.secret)
    version, agent = ("anthropic-version", "2023-06-01"), ("user-agent", "OpenAI/Python 2.0")
    sent: list[tuple[Headers, bool]] = [
        ([bearer], True),
        ([bearer, ("anthropic-beta", "x")], True),
        ([bearer, ("anthropic-version", "")], True),
        ([bearer, ("x-api-key", "")], True),
        ([bearer, ("user-agent", "claude-cli/2.1.0")], True),
        ([bearer, version, agent], False),
        ([bearer, key, agent], False),
        ([key, agent], False),
        ([key, version, agent], False),
        ([agent], False),
    ]
    for headers, openai in sent:
        body = door.ask("GET", "/v1/models", headers).json
        assert ("request_id" not in body and "first_id" not in body) is openai, headers


@reading
def test_errors_are_in_openai_s_envelope(door: Door) -> None:
    wrong = door.ask("GET", "/v1/models", {"authorization": "Bearer sk-wrong"})
    errors = {
        "401": (wrong, "Invalid bearer token", "invalid_request_error", None, "invalid_api_key"),
        "404": (ask(door, "/v1/models/none"), "model: none", "invalid_request_error", "model", "model_not_found"),
        "404 path": (ask(door, "/v1/nothing"), "Not found", "not_found_error", None, None),
        "405": (
            ask(door, "/v1/models", method="DELETE"),
            "Method Not Allowed",
            "invalid_request_error",
            None,
            None,
        ),
        "403": (
            ask(door, "/v1/models", ("anthropic-workspace-id", "x")),
            "anthropic-workspace-id: not available to this API key",
            "permission_error",
            None,
            None,
        ),
        "414": (
            ask(door, f"/{'x' * 9000}"),
            "URL exceeds the limit of 8192 bytes",
            "request_too_large",
            None,
            None,
        ),
    }
    for name, (reply, message, kind, param, code) in errors.items():
        if name == "414" and "request_id" in reply.json:
            continue  # the server refused it before it was read
        assert reply.status == int(name[:3])
        assert reply.json == {"error": {"message": message, "type": kind, "param": param, "code": code}}
        assert list(reply.json["error"]) == ["message", "type", "param", "code"]
        assert reply.headers["x-should-retry"] == "false"


@reading
def test_the_request_id_is_also_where_openai_s_sdk_looks(door: Door) -> None:
    for reply in (ask(door, "/v1/models"), ask(door, "/v1/models/none"), ask(door, "/v1/nothing")):
        assert reply.headers["x-request-id"] == reply.headers["request-id"]
    assert "x-request-id" not in door.get("/v1/models").headers


def test_strict_betas_are_strict_with_openai_clients_too(door: Door) -> None:
    door.set_up(strict_betas=True)
    assert ask(door, "/v1/models", ("anthropic-beta", "x")).status == 400
    assert ask(door, "/v1/models").status == 200


def test_a_workspace_in_the_classic_shape_answers_openai_clients_as_ever(door: Door, two: Installation) -> None:
    before = ask(door, "/v1/models")
    door.set_up(shape="classic")
    assert ask(door, "/v1/models").body == before.body


def test_with_the_setting_off_a_bearer_without_a_version_is_refused(door: Door) -> None:
    door.set_up(openai_dialect=False)
    for target in ("/v1/models", "/v1/models/claude-opus-5"):
        reply = ask(door, target)
        assert reply.error == (400, "invalid_request_error", "anthropic-version: header is required")
        assert "x-request-id" not in reply.headers
    wrong = door.ask("GET", "/v1/models", {"authorization": "Bearer sk-wrong"})
    assert wrong.error == (401, "authentication_error", "Invalid bearer token")
    assert "first_id" in ask(door, "/v1/models", ("anthropic-version", "2026-10-21")).json
