"""What a server refuses with comes back as the class it was raised as there."""

from typing import Any

import httpx2
import pytest

from callsheet import (
    APIError,
    APIResponseError,
    AuthenticationError,
    InvalidRequestError,
    ModelNotFoundError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)
from tests.client.asking import MakeAsker, Script


def envelope(kind: str, message: str, request_id: str = "req_1") -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


@pytest.mark.parametrize(
    ("call", "kind", "status", "message"),
    [
        ({"limit": 1001}, InvalidRequestError, 400, "limit: Input should be less than or equal to 1000"),
        ({"after_id": "nope"}, InvalidRequestError, 400, "Invalid pagination cursor for 'after_id'"),
        (
            {"workspace_id": "wrkspc_nope"},
            PermissionDeniedError,
            403,
            "anthropic-workspace-id: not available to this API key",
        ),
    ],
)
@pytest.mark.parametrize("dialect", ["anthropic"])
def test_a_refusal_is_raised_with_status_request_id_and_body(
    asker: MakeAsker, dialect: str, call: dict[str, Any], kind: type[APIError], status: int, message: str
) -> None:
    with pytest.raises(kind) as raised:
        asker(dialect=dialect).models(**call)
    error = raised.value
    assert (type(error), error.status, error.message, str(error)) == (kind, status, message, message)
    assert error.request_id is not None
    assert error.request_id.startswith("req_01")
    assert error.body == envelope(kind.type, message, error.request_id)


@pytest.mark.parametrize("dialect", ["anthropic", "openai"])
def test_both_dialects_raise_the_same_classes(asker: MakeAsker, dialect: str) -> None:
    with pytest.raises(ModelNotFoundError) as missing:
        asker(dialect=dialect).retrieve("acme/nope")
    assert missing.value.status == 404
    with pytest.raises(AuthenticationError) as wrong:
        asker(dialect=dialect, api_key="sk-wrong").models()
    assert wrong.value.status == 401
    assert "sk-wrong" not in f"{wrong.value!r} {wrong.value.body}"


def test_an_error_says_how_long_to_wait() -> None:
    refused = httpx2.Response(429, json=envelope("rate_limit_error", "Slow down."), headers={"retry-after": "3600"})
    script = Script(refused)
    with pytest.raises(RateLimitError, match=r"^Slow down\.$") as raised:
        script.client().models.list()
    assert (raised.value.retry_after, raised.value.request_id) == (3600, "req_1")
    assert len(script.asked) == 1


def test_a_refused_request_is_repeated_and_its_answer_is_taken() -> None:
    refused = httpx2.Response(529, json=envelope("overloaded_error", "Overloaded"), headers={"retry-after-ms": "1"})
    script = Script(refused, httpx2.ReadError("cut off"), refused, {"data": [{"id": "m"}]})
    models = script.client(max_retries=3).models.list()
    assert [model.id for model in models] == ["m"]
    assert len(script.asked) == 4
    assert len({(str(each.url), tuple(each.headers.items())) for each in script.asked}) == 1


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("https://elsewhere.example/v1/models?key=1", "https://elsewhere.example/v1/models"),
        ("/v1/models/", "http://scripted/v1/models/"),
        ("//user:pass@host:99/x", "http://host:99/x"),
        ("http://[", "an address that is not valid"),
        ("", "http://scripted/v1/models"),
    ],
)
def test_a_redirect_is_not_followed_and_its_target_is_named(location: str, said: str) -> None:
    script = Script(httpx2.Response(308, headers={"location": location}))
    following = httpx2.Client(transport=httpx2.MockTransport(script), follow_redirects=True)
    with pytest.raises(APIResponseError) as raised:
        script.client(http_client=following).models.list()
    assert str(raised.value) == (
        f"http://scripted/v1/models redirects to {said}, which is not followed with a key; change the base URL."
    )
    assert raised.value.status == 308
    assert len(script.asked) == 1


def test_a_proxys_page_is_an_error_by_its_status() -> None:
    script = Script(httpx2.Response(404, html="<h1>nginx</h1>"))
    with pytest.raises(NotFoundError) as raised:
        script.client().models.list()
    assert raised.value.body == "<h1>nginx</h1>"
    assert str(raised.value) == ("http://scripted/v1/models answered with status 404 (nginx); check the base URL.")


@pytest.mark.parametrize(
    ("key", "said"),
    [("ab/cd+ef", rb"ab\/cd\u002bef"), ("error-message", b"error-message"), ('k"quoted\\y', rb"k\"quoted\\y")],
)
def test_the_secret_is_not_repeated_however_it_is_written(key: str, said: bytes) -> None:
    body = b'{"error":{"message":"model: %b","type":"not_found_error"},"%b":["%b"]}' % (said, said, said)
    with pytest.raises(ModelNotFoundError) as raised:
        Script(httpx2.Response(404, content=body)).client(api_key=key).models.retrieve("m")
    assert str(raised.value) == "model: ***"
    assert raised.value.body == {"error": {"message": "model: ***", "type": "not_found_error"}, "***": ["***"]}


def test_a_key_too_short_to_be_a_secret_is_not_removed_from_messages() -> None:
    with pytest.raises(ModelNotFoundError, match=r"^model: nope$"):
        Script(httpx2.Response(404, json=envelope("not_found_error", "model: nope"))).client(
            api_key="o"
        ).models.retrieve("nope")


def test_no_error_repeats_the_secret() -> None:
    said = {"error": {"message": "key sk-secret is wrong", "type": "authentication_error"}, "you": "sk-secret"}
    with pytest.raises(AuthenticationError) as raised:
        Script(httpx2.Response(401, json=said)).client().models.list()
    assert str(raised.value) == "key *** is wrong"
    assert "sk-secret" not in str(raised.value.body)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (
            401,
            {"statusCode": 401, "message": "Access denied due to missing subscription key."},
            AuthenticationError,
            "Access denied due to missing subscription key.",
        ),
        (401, {"detail": "Invalid token"}, AuthenticationError, "Invalid token"),
        (422, {"detail": [{"loc": ["query", "limit"], "msg": "too large"}]}, InvalidRequestError, "too large"),
        (403, {"error": "no access"}, PermissionDeniedError, "no access"),
        (
            403,
            {"error": "Forbidden", "message": "no such team", "path": "/x"},
            PermissionDeniedError,
            "no such team",
        ),
        (400, {"errors": [{"message": "one"}, {"message": "two"}]}, InvalidRequestError, "one"),
        (400, {"errors": ["one"]}, InvalidRequestError, "one"),
        (401, {"error": "invalid_token", "error_description": "It expired."}, AuthenticationError, "It expired."),
        (403, {"Message": "User is not authorized"}, PermissionDeniedError, "User is not authorized"),
        (429, {"title": "Slow down", "type": "about:blank"}, RateLimitError, "Slow down"),
        (401, {"fault": {"faultstring": "Invalid ApiKey"}}, AuthenticationError, "Invalid ApiKey"),
        (
            400,
            [{"error": {"code": 400, "message": "API key not valid."}}],
            InvalidRequestError,
            "API key not valid.",
        ),
        (200, {"error": {"message": "upstream is away"}}, InvalidRequestError, "upstream is away"),
        (200, {"error": "model runner crashed"}, InvalidRequestError, "model runner crashed"),
        (200, {"success": False, "message": "no quota"}, InvalidRequestError, "no quota"),
        (200, {"data": [], "error": "upstream is away"}, InvalidRequestError, "upstream is away"),
        (400, {"message": "two\nlines \x1b[31m\u202e"}, InvalidRequestError, "two lines \ufffd[31m\ufffd"),
        (400, {"message": "x" * 9999}, InvalidRequestError, "x" * 500),
        (403, {"message": "key sk-secret is not for this"}, PermissionDeniedError, "key *** is not for this"),
    ],
)
def test_the_reason_is_shown_whatever_its_shape(status: int, body: object, kind: type[APIError], said: str) -> None:
    with pytest.raises(kind) as raised:
        Script(httpx2.Response(status, json=body)).client(max_retries=0).models.list()
    assert (type(raised.value), str(raised.value), raised.value.status) == (kind, said, status)


@pytest.mark.parametrize(
    ("status", "page", "said"),
    [
        (401, "Unauthorized", "status 401 (Unauthorized); check the API key."),
        (401, "", "status 401 and without a reason; check the API key."),
        (401, "{}", "status 401 and without a reason; check the API key."),
        (
            403,
            "<html><head><title>Blocked &amp; logged</title></head>…",
            "status 403 (Blocked & logged); check the API ",
        ),
        (404, "<html><body>nothing</body></html>", "status 404 and without a reason; check the base URL."),
        (407, "Proxy", "status 407 (Proxy); check the proxy."),
        (502, "<h1>Bad\n<i>Gateway</i></h1>", "status 502 (Bad Gateway); try again later."),
        (400, "sk-secret " * 9999, f"status 400 ({' '.join(['***'] * 125)}); check"),
        (400, "\x1b[2J\x00", "status 400 (\ufffd[2J\ufffd); check the base URL."),
        (400, "<title>" * 9999, "status 400 "),
    ],
)
def test_what_a_page_or_a_text_says_is_shown(status: int, page: str, said: str) -> None:
    with pytest.raises(APIError) as raised:
        Script(httpx2.Response(status, text=page)).client(max_retries=0).models.list()
    assert str(raised.value).startswith(f"http://scripted/v1/models answered with {said}")
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 700
