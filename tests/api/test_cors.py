"""Section 6: browsers on other origins."""

from tests.doors import Door, Reply

PAGE = "https://app.example.com"
ALLOWED = (
    "authorization",
    "x-api-key",
    "anthropic-version",
    "anthropic-beta",
    "anthropic-workspace-id",
    "anthropic-dangerous-direct-browser-access",
)


def preflight(door: Door, origin: str = PAGE, asked: str = "authorization", target: str = "/v1/models") -> Reply:
    return door.ask(
        "OPTIONS",
        target,
        {"origin": origin, "access-control-request-method": "GET", "access-control-request-headers": asked},
    )


def cors(reply: Reply) -> set[str]:
    return {name for name in reply.headers if name.startswith("access-control-")}


def test_by_default_no_page_may_ask(door: Door) -> None:
    assert preflight(door).error == (405, "invalid_request_error", "Method Not Allowed")
    for reply in (preflight(door), door.get("/v1/models", {"origin": PAGE})):
        assert not cors(reply)
        assert "origin" not in reply.headers["vary"]


def test_a_page_of_an_allowed_origin_may_read_every_answer(door: Door) -> None:
    door.set_up(cors_origins=[PAGE, "http://localhost:3000"])
    for origin in (PAGE, "http://localhost:3000"):
        for target in ("/v1/models", "/v1/models/claude-opus-5", "/v1/models/none", "/v1/nothing", "/v1/models/%"):
            reply = door.get(target, {"origin": origin})
            assert reply.headers["access-control-allow-origin"] == origin
            assert reply.headers["vary"].split(", ").count("origin") == 1
            assert {"request-id", "etag"} <= set(reply.headers["access-control-expose-headers"].split(", "))
    assert door.ask("GET", "/v1/models", {"origin": PAGE}).headers["access-control-allow-origin"] == PAGE


def test_a_page_that_has_the_answer_already_may_read_that_too(door: Door) -> None:
    door.set_up(cors_origins=[PAGE])
    tag = door.get("/v1/models", {"origin": PAGE}).headers["etag"]
    reply = door.get("/v1/models", {"origin": PAGE, "if-none-match": tag})
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (304, PAGE)


def test_a_page_of_another_origin_may_not(door: Door) -> None:
    door.set_up(cors_origins=[PAGE])
    for origin in ("https://evil.example", f"{PAGE}.evil.example", "http://app.example.com", "null", f"{PAGE}:1"):
        for reply in (preflight(door, origin), door.get("/v1/models", {"origin": origin})):
            assert not cors(reply), origin
            assert "origin" in reply.headers["vary"]


def test_a_star_lets_every_page_in(door: Door) -> None:
    door.set_up(cors_origins=["*"])
    for reply in (preflight(door, "https://any.example"), door.get("/v1/models", {"origin": "null"})):
        assert reply.headers["access-control-allow-origin"] == "*"


def test_credentials_of_the_browser_are_never_asked_for(door: Door) -> None:
    door.set_up(cors_origins=["*"])
    for reply in (preflight(door), door.get("/v1/models", {"origin": PAGE})):
        assert "access-control-allow-credentials" not in reply.headers


def test_a_preflight_needs_no_key_and_has_no_body(door: Door) -> None:
    door.set_up(cors_origins=[PAGE])
    for target in ("/v1/models", "/v1/models/", "/v1/models/claude-opus-5", "/v1/models?limit=1000"):
        reply = preflight(door, target=target)
        assert (reply.status, reply.body) == (204, b"")
        assert reply.headers["access-control-allow-origin"] == PAGE
        assert reply.headers["access-control-allow-methods"] == "GET, HEAD"
        assert reply.headers["request-id"].startswith("req_01")


def test_a_preflight_allows_what_the_sdks_send(door: Door) -> None:
    door.set_up(cors_origins=[PAGE])
    asked = "Authorization, x-stainless-os,X-Stainless-Retry-Count , x-stainless-helper-method, cookie, x-other"
    allowed = preflight(door, asked=asked).headers["access-control-allow-headers"].split(", ")
    assert set(ALLOWED) <= set(allowed)
    assert set(allowed) - set(ALLOWED) == {
        "x-stainless-os",
        "x-stainless-retry-count",
        "x-stainless-helper-method",
    }


def test_a_preflight_repeats_nothing_that_is_not_the_name_of_a_header(door: Door) -> None:
    door.set_up(cors_origins=[PAGE])
    asked = 'x-stainless-, x-stainless-a b, x-stainless-é, x-stainless-"q", x-stainless-a\tb'
    allowed = preflight(door, asked=asked).headers["access-control-allow-headers"]
    assert allowed == ", ".join(ALLOWED)


def test_a_preflight_for_nothing_is_not_found(door: Door) -> None:
    door.set_up(cors_origins=[PAGE])
    assert preflight(door, target="/v1/nothing").error == (404, "not_found_error", "Not found")


def test_options_that_ask_nothing_of_cors_are_another_method(door: Door) -> None:
    door.set_up(cors_origins=[PAGE])
    for headers in ({}, {"origin": PAGE}, {"access-control-request-method": "GET"}):
        reply = door.ask("OPTIONS", "/v1/models", headers)
        assert reply.error == (405, "invalid_request_error", "Method Not Allowed")
        assert reply.headers["allow"] == "GET, HEAD, OPTIONS"
