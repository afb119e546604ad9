"""Section 6: the headers of every answer."""

import re
from uuid import UUID

from tests.doors import Door, Reply, reading
from tests.installation import Installation

REQUEST_ID = re.compile(r"req_01[1-9A-HJ-NP-Za-km-z]{22}", re.ASCII)
STRONG_TAG = re.compile(r'"[!#-~]+"', re.ASCII)
VARY = "anthropic-version, anthropic-workspace-id, authorization, x-api-key"


def replies(door: Door) -> dict[str, Reply]:
    """An answer of each kind."""
    tag = door.get("/v1/models").headers["etag"]
    return {
        "list": door.get("/v1/models"),
        "small list": door.get("/v1/models?limit=1"),
        "model": door.get("/v1/models/claude-opus-5"),
        "head": door.ask("HEAD", "/v1/models", door.credentials()),
        "not modified": door.get("/v1/models", {"if-none-match": tag}),
        "openai": door.ask("GET", "/v1/models", {"authorization": f"Bearer {door.secret}"}),
        "400": door.get("/v1/models?limit=0"),
        "401": door.ask("GET", "/v1/models"),
        "403": door.get("/v1/models", {"anthropic-workspace-id": "x"}),
        "404": door.get("/v1/nothing"),
        "404 model": door.get("/v1/models/none"),
        "405": door.ask("POST", "/v1/models"),
        "414": door.get(f"/{'x' * 9000}"),
        "openai 404": door.ask("GET", "/v1/models/none", {"authorization": f"Bearer {door.secret}"}),
    }


@reading
def test_every_answer_has_its_own_request_id(door: Door) -> None:
    ids = [reply.headers["request-id"] for reply in replies(door).values()]
    assert all(REQUEST_ID.fullmatch(each) for each in ids), ids
    assert len(set(ids)) == len(ids)


@reading
def test_every_answer_says_how_it_may_be_kept(door: Door) -> None:
    for kind, reply in replies(door).items():
        assert reply.headers["cache-control"] == "private, no-cache", kind
        assert reply.headers["x-content-type-options"] == "nosniff", kind
        assert reply.headers["vary"].removesuffix(", accept-encoding") == VARY, kind


@reading
def test_every_body_is_bare_application_json(door: Door) -> None:
    for kind, reply in replies(door).items():
        expected = None if kind == "not modified" else "application/json"
        assert reply.headers.get("content-type") == expected, kind


@reading
def test_every_length_is_that_of_the_body(door: Door) -> None:
    for kind, reply in replies(door).items():
        if kind not in ("head", "not modified"):
            assert reply.headers["content-length"] == str(len(reply.body)), kind


@reading
def test_every_success_has_a_strong_etag_and_no_error_has_one(door: Door) -> None:
    for kind, reply in replies(door).items():
        tag = reply.headers.get("etag")
        if reply.status >= 400:
            assert tag is None, kind
        else:
            assert tag is not None, kind
            assert STRONG_TAG.fullmatch(tag), tag


@reading
def test_no_answer_speaks_of_rate_limits_or_redirects(door: Door) -> None:
    for kind, reply in replies(door).items():
        names = " ".join(reply.headers)
        for absent in ("ratelimit", "retry-after", "location", "set-cookie", "server", "access-control"):
            assert absent not in names, kind


def test_the_organization_is_one_uuid_for_ever(door: Door, installation: Installation) -> None:
    first = door.get("/v1/models").headers["anthropic-organization-id"]
    assert str(UUID(first)) == first
    other = installation.key(workspace=installation.workspace("Other"))
    reply = door.ask("GET", "/v1/models/claude-opus-5", [("x-api-key", other), *door.credentials()[1:]])
    assert reply.headers["anthropic-organization-id"] == first
    door.set_up()
    assert door.get("/v1/models").headers["anthropic-organization-id"] == first


@reading
def test_organization_and_workspace_are_named_once_they_are_known(door: Door) -> None:
    named = {
        kind: tuple(f"anthropic-{what}-id" in reply.headers for what in ("organization", "workspace"))
        for kind, reply in replies(door).items()
    }
    assert {kind for kind, (organization, _) in named.items() if not organization} == {"401", "404", "405", "414"}
    assert {kind for kind, (_, workspace) in named.items() if not workspace} == {"401", "403", "404", "405", "414"}


@reading
def test_a_bad_version_is_refused_after_the_organization_is_known(door: Door) -> None:
    headers = door.ask("GET", "/v1/models", {"x-api-key": door.secret}).headers
    assert "anthropic-organization-id" in headers
    assert "anthropic-workspace-id" not in headers
