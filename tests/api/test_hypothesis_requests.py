"""Whatever is sent, there is an answer, and every error is in the envelope of its dialect."""

import json
import re
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callsheet.api.answer import Response
from callsheet.api.request import Header
from callsheet.api.state import Options
from callsheet.domain.access.visibility import Visibility
from callsheet.domain.access.workspace import Shape
from callsheet.domain.model import Lifecycle
from tests.api.states import REQUEST_ID, SECRET, WORKSPACE_ID, ask, make_state
from tests.installation import make_model

IDS = ("claude-opus-5", "claude-haiku-5", "hf.co/org/m:Q4@1", "a+b~c", "hidden", "secret-1")
MODELS = [
    make_model("claude-opus-5", "2026-03-01", line="opus", description="é", max_input_tokens=9),
    make_model("claude-haiku-5", "2026-02-01"),
    make_model("hf.co/org/m:Q4@1", "2026-02-01"),
    make_model("a+b~c", "2026-01-01", lifecycle=Lifecycle.RETIRED, deprecated_at=make_model("x").created_at),
    make_model("hidden", "2026-01-01", hidden=True),
    make_model("secret-1", "1970-01-01"),
]
STATES = [
    make_state(MODELS, options, Visibility(deny=("secret-*",)))
    for options in (
        Options(),
        Options(shape=Shape.CLASSIC, betas=frozenset({"known"}), cors_origins=frozenset({"https://a.example"})),
        Options(openai_dialect=False, any_key=True, default_limit=1, cors_origins=frozenset({"*"})),
        Options(max_url_bytes=64),
    )
]
STATES.append(replace(make_state([], Options(default_limit=1000)), revision=7))
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    414: "request_too_large",
}
HEADER_NAMES = (
    b"x-api-key authorization anthropic-version anthropic-beta anthropic-workspace-id accept-encoding origin "
    b"if-none-match access-control-request-method access-control-request-headers x-other"
).split()
BREAKS_A_LINE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def is_openai(options: Options, headers: list[Header]) -> bool:
    """The dialect by the words of section 4."""
    sent = {name for name, value in headers if value.strip()}
    scheme = next((value.strip().split(b" ")[0] for name, value in headers if name == b"authorization"), b"")
    return (
        options.openai_dialect and not sent & {b"x-api-key", b"anthropic-version"} and scheme.lower() == b"bearer"
    )


def check(response: Response, *, openai: bool, method: str) -> None:
    """What is true of every answer."""
    status, pairs, body, *_ = response
    headers = dict(pairs)
    assert headers[b"request-id"] == REQUEST_ID.encode()
    assert headers[b"x-content-type-options"] == b"nosniff"
    for name, value in pairs:
        assert name == name.lower()
        assert not BREAKS_A_LINE.search(value), (name, value)
    if status in (204, 304) or method == "HEAD":
        assert body == b""
        return
    assert headers[b"content-length"] == b"%d" % len(body)
    if status == 200:
        if b"content-encoding" not in headers:
            json.loads(body)
        return
    assert (headers[b"x-should-retry"], headers[b"content-type"]) == (b"false", b"application/json")
    check_envelope(json.loads(body), status, openai=openai)
    assert b"\\u" not in body or status in (400, 404)
    assert len(body) < 2500


def check_envelope(envelope: Any, status: int, *, openai: bool) -> None:
    if openai:
        assert list(envelope) == ["error"]
        assert list(envelope["error"]) == ["message", "type", "param", "code"]
    else:
        assert list(envelope) == ["type", "error", "request_id"]
        assert envelope["request_id"] == REQUEST_ID
        assert envelope["error"]["type"] == TYPES[status]
    assert envelope["error"]["message"]


octets = st.binary(max_size=60)
headers = st.lists(st.tuples(st.sampled_from(HEADER_NAMES) | octets, octets), max_size=6)


@given(state=st.sampled_from(STATES), method=st.text(max_size=8), path=octets, query=octets, headers=headers)
def test_any_bytes_at_all_are_answered(
    state: Any, method: str, path: bytes, query: bytes, headers: list[Header]
) -> None:
    response = ask(state, path, query, headers, method)
    check(response, openai=is_openai(state.options, headers), method=method)


@given(state=st.sampled_from(STATES), rest=octets, query=octets)
def test_any_bytes_behind_the_path_are_answered(state: Any, rest: bytes, query: bytes) -> None:
    for prefix in (b"/v1/models", b"/v1/models/", b"/v1/v1/models/"):
        response = ask(state, prefix + rest, query)
        check(response, openai=False, method="GET")
        assert response.status in (200, 400, 404, 414)


methods = st.sampled_from(["GET"] * 6 + ["HEAD", "HEAD", "OPTIONS", "POST", "get"])
names = st.sampled_from([*IDS, "none", "", "%2F", "%252F", "%FF", "%", "é", "a%2Bb~c", "hf.co%2forg%2Fm%3AQ4%401"])
paths = st.one_of(
    st.sampled_from(["/v1/models", "/v1/models/", "/v1/v1/models", "/v1", "/", "", "/v1/modelsx", "*"]),
    st.builds("/v1/models/{}".format, names),
    st.builds("/v1/v1/models/{}/".format, names),
)
values = st.one_of(
    names,
    st.integers(-2, 1002).map(str),
    st.sampled_from(["active", "retired", "deprecated", "active,retired", "gone", "٣", "1e3", "+5", " 5", "%20"]),
)
parameters = st.sampled_from(
    ["limit", "after_id", "before_id", "lifecycle", "lifecycle[]", "lifecycle%5B%5D", "beta", "", "%FF"]
)
queries = st.lists(st.builds("{}={}".format, parameters, values) | parameters, max_size=5).map("&".join)
secrets = st.sampled_from([SECRET.encode(), b"sk-wrong", b"", SECRET.encode() + b" ", b"\xff"])
near_headers = st.lists(
    st.one_of(
        st.tuples(st.just(b"x-api-key"), secrets),
        st.tuples(st.just(b"authorization"), st.builds(b"%b %b".__mod__, st.tuples(st.just(b"Bearer"), secrets))),
        st.tuples(
            st.just(b"anthropic-version"), st.sampled_from([b"2023-06-01", b"2026-10-21", b"", b"1999", b"\xff"])
        ),
        st.tuples(st.just(b"anthropic-beta"), st.sampled_from([b"known", b"x, y", b",,", b"a," * 101, b"\xff"])),
        st.tuples(st.just(b"anthropic-workspace-id"), st.sampled_from([WORKSPACE_ID.encode(), b"x", b"\xff", b""])),
        st.tuples(
            st.just(b"accept-encoding"), st.sampled_from([b"gzip", b"br;q=0.1, *", b"zstd;q=nan", b";;", b"*;q="])
        ),
        st.tuples(st.just(b"if-none-match"), st.sampled_from([b"*", b'"x"', b'W/"x", ', b'"0-0-0"'])),
        st.tuples(st.just(b"origin"), st.sampled_from([b"https://a.example", b"null", b"\xff"])),
        st.tuples(st.just(b"access-control-request-method"), st.just(b"GET")),
        st.tuples(
            st.just(b"access-control-request-headers"), st.sampled_from([b"x-stainless-os, x", b"x-stainless-\r\n"])
        ),
    ),
    max_size=6,
)


@given(state=st.sampled_from(STATES), method=methods, path=paths, query=queries, headers=near_headers)
def test_requests_that_are_nearly_valid_are_answered(
    state: Any, method: str, path: str, query: str, headers: list[Header]
) -> None:
    response = ask(state, path.encode(), query.encode(), headers, method)
    check(response, openai=is_openai(state.options, headers), method=method)


@given(state=st.sampled_from(STATES), path=paths, query=queries)
def test_no_response_reveals_a_model_that_the_caller_may_not_see(state: Any, path: str, query: str) -> None:
    body = ask(state, path.encode(), query.encode()).body
    asked = f"{path}?{query}"
    assert b"secret-1" not in body or "secret-1" in asked or not state.workspaces[WORKSPACE_ID].visibility.deny


@given(state=st.sampled_from(STATES), path=paths, query=queries, headers=near_headers)
def test_head_is_get_without_a_body(state: Any, path: str, query: str, headers: list[Header]) -> None:
    got = ask(state, path.encode(), query.encode(), headers, "GET")
    headed = ask(state, path.encode(), query.encode(), headers, "HEAD")
    assert (headed.status, headed.headers, headed.body) == (got.status, got.headers, b"")
