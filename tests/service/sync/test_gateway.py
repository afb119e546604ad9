"""What answers at a gateway, and the source that follows it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from callsheet.domain.errors import ConflictError, SourceError
from callsheet.service.sync.config import read_config
from callsheet.service.sync.failures import AwayError
from callsheet.service.sync.gateway import (
    ACTOR,
    NAME,
    Found,
    Listing,
    examine_gateway,
    follow_gateway,
    followed_before,
)
from callsheet.service.sync.secret import SecretReference, parse_reference
from callsheet.service.sync.sources import SourcesService
from callsheet.sources.upstream import SourceKind
from tests.installation import Installation, now
from tests.service.sync.upstream import Headers, Upstream, serve_upstream

KEY: Final = "sk-sesame-1234"
JSON: Final = {"content-type": "application/json"}
REFUSAL: Final = {"error": {"message": "Authentication Error, No api key passed in."}}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serve_upstream() as serving:
        serving.lists("alpha", "claude-x")
        yield serving


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> SecretReference:
    monkeypatch.setenv("CALLSHEET_GATEWAY_KEY", KEY)
    return parse_reference("env:CALLSHEET_GATEWAY_KEY")


def answers(upstream: Upstream, pages: Mapping[str, Any], otherwise: tuple[int, Any] = (404, {})) -> None:
    """Let each path be answered with this JSON, or a status and JSON; any other ``otherwise``."""

    def answer(path: str) -> tuple[int, Headers, bytes]:
        found = pages.get(path.partition("?")[0], otherwise)
        status, body = found if isinstance(found, tuple) else (200, found)
        return status, JSON, json.dumps(body).encode()

    upstream.answer = answer


def examine(upstream: Upstream, secret: SecretReference | None = None, *, any_key: bool = False) -> Found:
    return examine_gateway(upstream.url, secret, "", any_key=any_key)


def refusal(upstream: Upstream, secret: SecretReference | None = None, *, any_key: bool = False) -> str:
    with pytest.raises(SourceError) as raised:
        examine(upstream, secret, any_key=any_key)
    assert not isinstance(raised.value, AwayError)
    assert KEY not in str(raised.value)
    return str(raised.value).removeprefix(f"{upstream.url} ")


def test_a_gateway_that_lists_to_everybody(upstream: Upstream) -> None:
    found = examine(upstream)
    assert (found.kind, found.listing, found.is_certain) == (SourceKind.OPENAI, Listing.EVERYBODY, True)


def test_a_gateway_that_lists_only_to_keys_is_usable_for_these(upstream: Upstream) -> None:
    alive = {"/health/liveliness": "I'm alive!", "/v1/models": (401, REFUSAL)}
    answers(upstream, alive, (404, {"detail": "Not Found"}))
    found = examine(upstream)
    assert (found.kind, found.listing, found.is_certain) == (SourceKind.LITELLM, Listing.CALLERS, True)


def test_a_gateway_that_is_not_recognised_without_a_key_is_taken_for_one_of_openais_kind(
    upstream: Upstream,
) -> None:
    upstream.fails(401, json.dumps(REFUSAL).encode())
    found = examine(upstream)
    assert (found.kind, found.listing, found.is_certain) == (SourceKind.OPENAI, Listing.CALLERS, False)


def test_a_gateway_lists_to_its_own_key(upstream: Upstream, secret: SecretReference) -> None:
    assert examine(upstream, secret).listing is Listing.OWN_KEY
    assert {asked.headers.get("authorization") for asked in upstream.asked} == {f"Bearer {KEY}"}


def test_a_key_that_the_gateway_refuses_is_an_error(upstream: Upstream, secret: SecretReference) -> None:
    upstream.fails(401, json.dumps(REFUSAL).encode())
    assert refusal(upstream, secret).startswith("refuses the key in CALLSHEET_GATEWAY_KEY; put one there that")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_gateway_that_fails_is_away(upstream: Upstream, status: int) -> None:
    upstream.fails(status)
    with pytest.raises(AwayError):
        examine(upstream)


def test_a_gateway_that_does_not_listen_is_away() -> None:
    with pytest.raises(AwayError):
        examine_gateway("http://127.0.0.1:1", None, "", any_key=False)


def test_a_web_page_is_not_a_gateway(upstream: Upstream) -> None:
    upstream.headers = {"content-type": "text/html; charset=utf-8"}
    upstream.body = b"<!doctype html><title>Hello</title>"
    assert refusal(upstream) == (
        "answers with a web page, not with a list of models; give the base URL of the gateway's API, to which "
        "clients add /v1/models."
    )


@pytest.mark.parametrize(
    ("status", "headers", "body", "words"),
    [
        (404, {}, {"detail": "Not Found"}, "does not answer /v1/models with a list of models (status 404)"),
        (200, {}, {"hello": 1}, "does not answer /v1/models with a list of models (status 200)"),
        (
            400,
            {},
            {"message": "Either x-portkey-config or x-portkey-provider is required"},
            "header x-portkey-config",
        ),
        (401, {}, {"error": {"message": "Missing X-Gateway-Token"}}, "wants the header x-gateway-token, which"),
        (401, {"www-authenticate": 'Basic realm="x"'}, {}, "wants a user name and a password (Basic)"),
        (302, {"location": "https://elsewhere.example/login"}, {}, "redirects to https://elsewhere.example/login"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(
    upstream: Upstream, status: int, headers: Mapping[str, str], body: Any, words: str
) -> None:
    upstream.headers = {**JSON, **headers}
    upstream.fails(status, json.dumps(body).encode())
    sentence = refusal(upstream)
    assert words in sentence
    assert sentence.count(". ") == 0


def test_a_refusal_that_names_the_headers_of_clients_is_usable(upstream: Upstream) -> None:
    upstream.fails(401, b'{"error": {"message": "Pass the key as x-gateway-key or Authorization: Bearer"}}')
    assert examine(upstream).listing is Listing.CALLERS


def test_an_api_that_no_client_of_the_list_can_call_is_refused(upstream: Upstream) -> None:
    rows = [{"name": "models/gemini-x", "supportedGenerationMethods": ["generateContent"]}]
    answers(upstream, {"/v1beta/models": {"models": rows}})
    assert refusal(upstream).startswith("answers as gemini does, which no client of the Models API can call;")


def test_a_server_without_keys_is_served_to_everybody_or_not_at_all(upstream: Upstream) -> None:
    answers(upstream, {"/api/tags": {"models": [{"name": "a", "digest": "b", "modified_at": "c"}]}})
    assert refusal(upstream) == (
        "answers as ollama does, which has no keys; set any_key to serve its list to everybody."
    )
    assert examine(upstream, any_key=True).kind is SourceKind.OLLAMA


def test_a_list_that_needs_a_key_cannot_be_served_to_everybody(upstream: Upstream) -> None:
    upstream.fails(401, json.dumps(REFUSAL).encode())
    assert refusal(upstream, any_key=True).startswith("lists nothing without a key, so there is no list to serve")


LISTS = Found(SourceKind.LITELLM, ("x",), Listing.EVERYBODY)
CALLERS = Found(SourceKind.LITELLM, ("x",), Listing.CALLERS)
GUESSED = Found(SourceKind.OPENAI, ("x",), Listing.CALLERS, is_certain=False)
URL: Final = "http://gateway:4000"


class Following:
    """The source of a gateway in an installation."""

    def __init__(self, installation: Installation) -> None:
        self.store = installation.store
        self.sources = SourcesService(installation.store, "ada", now)

    def follow(self, found: Found | None, url: str = URL, *, key: bool = False, any_key: bool = False) -> bool:
        secret = parse_reference("env:CALLSHEET_GATEWAY_KEY") if key else None
        return follow_gateway(self.store, now, url, secret, found, any_key=any_key)[1]

    @property
    def config(self) -> dict[str, Any]:
        return self.sources.show(NAME).config.record()


@pytest.fixture
def following(empty: Installation) -> Following:
    return Following(empty)


def test_a_gateway_becomes_a_source_that_is_asked_about_keys(following: Following) -> None:
    assert following.follow(LISTS)
    assert following.config == {"kind": "litellm", "url": URL, "asks_keys": True}
    assert not following.follow(LISTS)


def test_a_gateway_that_lists_nothing_itself_is_not_asked_for_a_list_until_it_has_a_key(
    following: Following,
) -> None:
    following.follow(CALLERS)
    assert following.config["every"] == "never"
    assert following.follow(Found(SourceKind.LITELLM, ("x",), Listing.OWN_KEY), key=True)
    assert following.config == {
        "kind": "litellm",
        "url": URL,
        "asks_keys": True,
        "secret": "env:CALLSHEET_GATEWAY_KEY",
    }
    following.follow(CALLERS)
    assert following.config == {"kind": "litellm", "url": URL, "asks_keys": True, "every": "never"}


def test_what_people_configured_stays(following: Following) -> None:
    following.follow(LISTS)
    following.sources.change(NAME, {"every": "1h", "key_mode": "govern", "deny": ["*embed*"]})
    assert not following.follow(LISTS)
    following.sources.change(NAME, {"every": "never"})
    assert not following.follow(LISTS)


def test_a_kind_that_was_recognised_is_not_replaced_by_a_guess(following: Following) -> None:
    following.follow(LISTS)
    following.follow(GUESSED)
    assert following.config["kind"] == "litellm"
    following.follow(GUESSED, "http://other:4000")
    assert following.config["kind"] == "openai"


def test_a_gateway_that_is_away_leaves_what_was_known(following: Following) -> None:
    following.follow(LISTS)
    before = following.config
    assert not following.follow(None)
    assert following.config == before


def test_a_gateway_that_is_away_at_its_first_start_is_asked_as_one_of_openais_kind(following: Following) -> None:
    following.follow(None)
    assert following.config == {"kind": "openai", "url": URL, "asks_keys": True}
    assert following.follow(CALLERS)
    assert following.config == {"kind": "litellm", "url": URL, "asks_keys": True, "every": "never"}


def test_a_gateway_for_any_key_is_not_asked_about_keys(following: Following) -> None:
    following.follow(LISTS)
    assert following.follow(LISTS, any_key=True)
    assert following.config == {"kind": "litellm", "url": URL}


def test_a_gateway_beside_a_source_that_is_asked_about_keys_is_refused(following: Following) -> None:
    following.sources.add("other", read_config({"kind": "openai", "url": "http://other", "asks_keys": True}))
    with pytest.raises(ConflictError, match="The source other is asked about keys, so gateway cannot be, too"):
        following.follow(LISTS)
    assert [each.name for each in following.sources.list()] == ["other"]


def test_only_a_source_that_was_added_for_a_gateway_is_said_to_stay(following: Following) -> None:
    assert followed_before(following.store) is None
    following.sources.add(NAME, read_config({"kind": "openai", "url": URL}))
    assert followed_before(following.store) is None
    following.sources.remove(NAME)
    following.follow(LISTS)
    following.sources.change(NAME, {"every": "1h"})
    stays = followed_before(following.store)
    assert stays is not None
    assert stays.config.url == URL
    with following.store.read() as reading:
        assert ACTOR in {each.actor for each in reading.changes_of([NAME])}
