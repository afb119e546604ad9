"""Section 1: which paths are the list, which are a model, and which are nothing."""

import pytest

from tests.doors import Door, HTTPDoor, reading

LISTS = (
    "/v1/models/",
    "/v1/v1/models",
    "/v1/v1/models/",
    "//v1/models",
    "/v1//models",
    "//v1//models",
    "/v1/models//",
    "//v1//models//?limit=1000&limit=20",
    "/v1/models///",
    "/v1//v1/models",
    "/v1/v1//models",
    "//v1//v1//models//",
    "/v1//models?beta=true",
    "/v1/models?",
    "/v1/models?beta=true",
    "/v1/models/?beta=true",
    "/v1/v1/models?beta=true",
    "/v1/models?page=2&offset=7&lifecycle[0]=retired&=&&%FF=%zz",
)
MODELS = (
    "/v1/models/claude-opus-5/",
    "/v1/v1/models/claude-opus-5",
    "/v1/v1/models/claude-opus-5/",
    "//v1/models/claude-opus-5",
    "/v1//models/claude-opus-5",
    "/v1//v1//models/claude-opus-5/",
    "/v1/models/claude-opus-5?",
    "/v1/models/claude-opus-5?beta=true",
    "/v1/models/claude-opus-5?nobody=knows",
    "/v1/models/claude-opus-5?limit=0&after_id=",
)
NOTHING = (
    "/v1",
    "/v1/",
    "/v1/model",
    "/v1/modelsx",
    "/v1/models.json",
    "/v1/message",
    "/v1/messagesx",
    "/v1/v1",
    "/v1/v1/modelsx",
    "/v1/v1/v1/models",
    "/v1//modelsx",
    "//models",
    "/v1//",
    "//",
    "/v2/models",
    "/V1/MODELS",
    "/v1%2Fmodels",
    "/models",
)


@reading
def test_every_spelling_of_the_list_is_the_list_and_never_a_redirect(door: Door) -> None:
    plain = door.get("/v1/models")
    for target in LISTS:
        reply = door.get(target)
        assert (reply.status, reply.body, reply.headers["etag"]) == (200, plain.body, plain.headers["etag"]), target


@reading
def test_every_spelling_of_a_model_is_the_model_and_never_a_redirect(door: Door) -> None:
    plain = door.get("/v1/models/claude-opus-5")
    assert plain.json["id"] == "claude-opus-5"
    for target in MODELS:
        reply = door.get(target)
        assert (reply.status, reply.body, reply.headers["etag"]) == (200, plain.body, plain.headers["etag"]), target


@reading
def test_every_other_path_is_not_found(door: Door) -> None:
    for target in NOTHING:
        assert door.get(target).error == (404, "not_found_error", "Not found"), target


@reading
def test_an_alias_is_answered_with_the_id_it_means(door: Door) -> None:
    reply = door.get("/v1/models/claude-opus-4-5")
    assert reply.json["id"] == "claude-opus-4-5-20251101"
    assert reply.body == door.get("/v1/models/claude-opus-4-5-20251101").body


@reading
@pytest.mark.parametrize("door", ["app", "http", "plain-http"], indirect=True)
def test_the_root_says_in_one_line_what_this_is(door: Door) -> None:
    for target in ("/", "/?x=y"):
        reply = door.ask("GET", target)
        assert (reply.status, reply.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        text = reply.body.decode()
        assert text.splitlines(keepends=True) == [text]
        assert [word for word in ("v1/models", "docs/", "API key") if word not in text] == []
    assert door.ask("HEAD", "/").status == 200
    refused = door.ask("POST", "/")
    assert refused.error == (405, "invalid_request_error", "Method Not Allowed")
    assert refused.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("door", ["app", "http"], indirect=True)
def test_the_prefix_of_the_setting_root_path_may_be_there_or_not(door: Door) -> None:
    door.set_up(root_path="/anthropic")
    assert door.get("/anthropic/v1/models").body == door.get("/v1/models").body
    assert door.get("/anthropic/v1/models/claude-opus-5").json["id"] == "claude-opus-5"
    assert door.get("/anthropicv1/models").error == (404, "not_found_error", "Not found")


@reading
@pytest.mark.parametrize("door", ["http"], indirect=True)
def test_a_proxy_may_ask_with_the_absolute_form(door: Door) -> None:
    assert isinstance(door, HTTPDoor)
    assert door.get(f"http://127.0.0.1:{door.port}/v1/models").body == door.get("/v1/models").body
