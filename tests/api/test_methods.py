"""Section 1: GET and HEAD, and nothing else."""

from tests.doors import Door, Headers, Reply, reading

CHANGING = {"request-id", "x-request-id", "date"}
OTHERS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def head(door: Door, target: str, headers: Headers) -> tuple[Reply, Reply]:
    """The replies to GET and HEAD, without the headers that differ between any two requests."""
    got, headed = (door.ask(method, target, headers) for method in ("GET", "HEAD"))
    for reply in (got, headed):
        for name in CHANGING:
            reply.headers.pop(name, None)
    return got, headed


@reading
def test_head_answers_like_get_without_a_body(door: Door) -> None:
    for target, headers in (
        ("/v1/models", door.credentials()),
        ("/v1/models?limit=3", door.credentials()),
        ("/v1/models", [*door.credentials(), ("accept-encoding", "gzip")]),
        ("/v1/models/claude-opus-5", door.credentials()),
        ("/v1/models", [("authorization", f"Bearer {door.secret}")]),
    ):
        got, headed = head(door, target, headers)
        assert (headed.status, headed.headers, headed.body) == (200, got.headers, b""), target
        assert headed.headers["content-length"] == str(len(got.body))


@reading
def test_head_answers_like_get_without_a_body_when_it_is_an_error(door: Door) -> None:
    for target, headers in (
        ("/v1/nothing", door.credentials()),
        ("/v1/models", []),
        ("/v1/models", [("x-api-key", door.secret)]),
        ("/v1/models?limit=0", door.credentials()),
        ("/v1/models/none", door.credentials()),
        ("/v1/models/none", [("authorization", f"Bearer {door.secret}")]),
        (f"/v1/models/{'x' * 9000}", door.credentials()),
    ):
        got, headed = head(door, target, headers)
        assert (headed.status, headed.headers, headed.body) == (got.status, got.headers, b""), target
        assert got.status >= 400
        assert headed.headers["content-length"] == str(len(got.body))


@reading
def test_every_other_method_is_refused_and_the_allowed_ones_are_named(door: Door) -> None:
    for method in OTHERS:
        for target in ("/v1/models", "/v1/models/claude-opus-5", "/v1/models/none"):
            reply = door.ask(method, target, door.credentials())
            assert reply.error == (405, "invalid_request_error", "Method Not Allowed"), method
            assert reply.headers["allow"] == "GET, HEAD"


@reading
def test_no_other_answer_names_methods(door: Door) -> None:
    for target in ("/v1/models", "/v1/nothing", "/v1/models/none"):
        assert "allow" not in door.get(target).headers
